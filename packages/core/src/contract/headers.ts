import { BrokerError } from "../base/errors.ts";
import type { Limits } from "./capabilities.ts";

/** The headers that are ours, on every backend. */
export const OWN = {
  /** Failures so far; on a dead letter: attempts made. */
  attempt: "anybroker-attempt",
  /** Milliseconds since 1970 after which the message is discarded. */
  expiresAt: "anybroker-expires-at",
  /** Milliseconds since 1970 before which it is not handed out. */
  notBefore: "anybroker-not-before",
  /** Marks the copy of a message that may be killing its consumers. */
  suspect: "anybroker-suspect",
  /** The key, where the broker has no property for it. */
  key: "anybroker-key",
  deadReason: "anybroker-dead-reason",
  deadError: "anybroker-dead-error",
  deadSource: "anybroker-dead-source",
  deadAt: "anybroker-dead-at",
} as const;

/** The prefix of {@link OWN} headers. */
export const OWN_PREFIX = "anybroker-";

/** No headers. */
export const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

const NAME = /^[a-z0-9][a-z0-9._-]{0,127}$/;

/** The bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/** Checks the user's headers and answers a copy, so that later changes to the original do not matter. */
export function checkHeaders(
  headers: Readonly<Record<string, string>>,
  limits: Limits,
): Readonly<Record<string, string>> {
  if (typeof headers !== "object" || headers === null || Symbol.iterator in headers) {
    throw new TypeError(`headers must be a plain object, not ${Object.prototype.toString.call(headers)}`);
  }
  const copy: Record<string, string> = Object.create(null);
  let count = 0;
  let bytes = 0;
  for (const [name, value] of Object.entries(headers)) {
    checkHeaderName(name);
    if (typeof value !== "string" || !value.isWellFormed()) {
      throw new TypeError(`header ${name}: the value must be a well-formed string, not ${describe(value)}`);
    }
    const size = utf8Length(value);
    if (size > limits.headerValue) tooLarge(`header ${name}: the value has ${size} bytes`, limits.headerValue);
    count += 1;
    bytes += name.length + size;
    copy[name] = value;
  }
  if (count > limits.headers) tooLarge(`a message with ${count} headers`, limits.headers);
  if (bytes > limits.headerBytes) tooLarge(`headers of ${bytes} bytes in all`, limits.headerBytes);
  return copy;
}

/** Throws a `TypeError` unless the header's name is legal on every backend and not ours. */
export function checkHeaderName(name: string): void {
  if (!NAME.test(name)) throw new TypeError(`header ${JSON.stringify(name)}: the name must match ${NAME}`);
  if (name.startsWith(OWN_PREFIX)) {
    throw new TypeError(`header ${name}: names that begin with ${OWN_PREFIX} are the library's own`);
  }
}

function describe(value: unknown): string {
  return typeof value === "string" ? "one with a lone surrogate" : typeof value;
}

function tooLarge(what: string, limit: number): never {
  throw new BrokerError("TOO_LARGE", `${what}; at most ${limit} are allowed`);
}

/** The text cut to at most `max` bytes of UTF-8, between characters, with lone surrogates replaced. */
export function truncate(text: string, max: number): string {
  const whole = text.toWellFormed();
  return whole.slice(0, new TextEncoder().encodeInto(whole, new Uint8Array(max)).read);
}
