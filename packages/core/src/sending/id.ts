import { randomBytes } from "node:crypto";

/** The number of random hexadecimal digits in an id. */
const DIGITS = 19;

/** Creates UUIDs of version 7 (RFC 9562). They are ordered by time to the millisecond, and random beyond it. */
export function idMaker(now: () => number): () => string {
  let pool = "";
  let at = 0;
  let stamp = -1;
  let prefix = "";
  return () => {
    if (at + DIGITS > pool.length) {
      pool = randomBytes(DIGITS * 256).toString("hex");
      at = 0;
    }
    const time = now();
    if (time !== stamp) {
      stamp = time;
      const digits = time.toString(16).padStart(12, "0");
      prefix = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
    }
    const p = at;
    at += DIGITS;
    const variant = "89ab"[Number.parseInt(pool.charAt(p), 16) & 3];
    return `${prefix}${pool.slice(p + 1, p + 4)}-${variant}${pool.slice(p + 4, p + 7)}-${pool.slice(p + 7, p + DIGITS)}`;
  };
}

const PRINTABLE = /^[\x20-\x7e]{1,128}$/;

/** Throws a `TypeError` unless the value is 1 to 128 printable ASCII characters. */
export function checkPrintable(what: string, value: unknown): void {
  if (typeof value !== "string" || !PRINTABLE.test(value)) {
    throw new TypeError(`${what} must be 1 to 128 printable ASCII characters, not ${JSON.stringify(value)}`);
  }
}
