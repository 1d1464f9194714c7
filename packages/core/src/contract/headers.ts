import { oddCharacter, show } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { Limits } from "./capabilities.ts";

/** The names of anybroker's own headers. They are the same on every backend. */
export const OWN = {
  /** The number of failures so far. On a dead letter, the number of attempts. */
  attempt: "anybroker-attempt",
  /** When the message expires and is discarded, in milliseconds since 1970. */
  expiresAt: "anybroker-expires-at",
  /** The earliest time at which a handler may get the message, in milliseconds since 1970. */
  notBefore: "anybroker-not-before",
  /** The message's key, on brokers that have no property for it. */
  key: "anybroker-key",
  deadReason: "anybroker-dead-reason",
  deadError: "anybroker-dead-error",
  deadSource: "anybroker-dead-source",
  deadAt: "anybroker-dead-at",
} as const;

/** The prefix of every header in {@link OWN}. */
export const OWN_PREFIX = "anybroker-";

/** An empty set of headers. */
export const NO_HEADERS: Readonly<Record<string, string>> = Object.freeze(Object.create(null));

/** The prefix of a CloudEvent's header names. Other header names may not contain a capital or a colon. */
const CLOUD_EVENTS = /^cloudEvents:/;
const NAME = /^(cloudEvents:)?[a-z0-9][a-z0-9._-]{0,127}$/;
const NAME_RULE = "a name has 1 to 128 lower-case letters, digits, '.', '_' and '-', and begins with a letter or digit";

/** Returns the length of a string in bytes of UTF-8. */
export function utf8Length(text: string): number {
  return Buffer.byteLength(text, "utf8");
}

/**
 * Checks the user's headers and returns a copy. Throws a `TypeError` for an illegal name or value, and `TOO_LARGE` for
 * headers beyond the limits.
 */
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

/** Throws a `TypeError` unless a user may give a header this name. */
export function checkHeaderName(name: string): void {
  if (!NAME.test(name)) throw new TypeError(`header ${show(name)}: ${faultOf(name)}`);
  if (name.startsWith(OWN_PREFIX)) {
    throw new TypeError(`header ${name}: names that begin with ${OWN_PREFIX} are reserved for anybroker`);
  }
}

function faultOf(name: string): string {
  const prefix = CLOUD_EVENTS.exec(name)?.[0] ?? "";
  const lower = prefix + name.slice(prefix.length).toLowerCase();
  if (NAME.test(lower)) return `names of headers are in lower case; use ${show(lower)}`;
  const odd = prefix === "" ? oddCharacter(name, /[^A-Za-z0-9._-]/u) : undefined;
  return odd === undefined ? NAME_RULE : `${odd}; ${NAME_RULE}`;
}

function describe(value: unknown): string {
  return typeof value === "string" ? "one with a lone surrogate" : typeof value;
}

function tooLarge(what: string, limit: number): never {
  throw new BrokerError("TOO_LARGE", `${what}; at most ${limit} are allowed`);
}

/** Truncates a text to at most `max` bytes of UTF-8 without cutting a character. Lone surrogates are replaced. */
export function truncate(text: string, max: number): string {
  const whole = text.toWellFormed();
  return whole.slice(0, new TextEncoder().encodeInto(whole, new Uint8Array(max)).read);
}
