import { randomFillSync } from "node:crypto";

const HEX = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, "0"));

/** Makes UUIDs of version 7 (RFC 9562): ordered by time to the millisecond, random beyond it. */
export function idMaker(now: () => number): () => string {
  const pool = new Uint8Array(4_096);
  let at = pool.length;
  const hex = (index: number): string => HEX[pool[index] ?? 0] ?? "00";
  let stamp = -1;
  let prefix = "";
  return () => {
    if (at + 10 > pool.length) {
      randomFillSync(pool);
      at = 0;
    }
    const time = now();
    if (time !== stamp) {
      stamp = time;
      const digits = time.toString(16).padStart(12, "0");
      prefix = `${digits.slice(0, 8)}-${digits.slice(8)}-7`;
    }
    const p = at;
    at += 10;
    const variant = HEX[((pool[p + 2] ?? 0) & 0x3f) | 0x80] ?? "80";
    return `${prefix}${hex(p).slice(1)}${hex(p + 1)}-${variant}${hex(p + 3)}-${hex(p + 4)}${hex(p + 5)}${hex(p + 6)}${hex(p + 7)}${hex(p + 8)}${hex(p + 9)}`;
  };
}

const PRINTABLE = /^[\x20-\x7e]{1,128}$/;

/** Throws a `TypeError` unless the value is 1 to 128 printable ASCII characters. */
export function checkPrintable(what: string, value: unknown): void {
  if (typeof value !== "string" || !PRINTABLE.test(value)) {
    throw new TypeError(`${what} must be 1 to 128 printable ASCII characters, not ${JSON.stringify(value)}`);
  }
}
