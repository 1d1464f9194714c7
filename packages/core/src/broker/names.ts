import { oddCharacter, show } from "../base/check.ts";
import { RESERVED_SEGMENTS } from "../contract/reserved-names.ts";

const ODD = /[^A-Za-z0-9._-]/u;
const ODD_IN_SUBSCRIPTION = /[^A-Za-z0-9_-]/u;
const RESERVED = new Set(RESERVED_SEGMENTS);
const SUBSCRIPTION_MAX = 50;

const RULE =
  "a name starts with a letter, ends with a letter or digit, and holds letters, digits, '.', '_' and '-'; " +
  "the segments sub, retry, dlq, delay and part, and names beginning with goog or amq. are reserved";

/**
 * Throws a `TypeError` unless the name of a queue or topic is legal on every backend and within the broker's limits.
 */
export function checkName(what: string, name: string, limits: { nameMin: number; nameMax: number }): void {
  if (typeof name !== "string") throw new TypeError(`${what}: the name must be a string, not ${typeof name}`);
  if (name.length < limits.nameMin || name.length > limits.nameMax) {
    throw new TypeError(
      `${what} ${show(name)}: the name must have ${limits.nameMin} to ${limits.nameMax} characters, not ${name.length}`,
    );
  }
  const fault = wrongCharacter(name, ODD) ?? reservation(name);
  if (fault !== undefined) throw new TypeError(`${what} ${show(name)}: ${fault}; ${RULE}`);
}

/** Throws a `TypeError` unless the name of a subscription is legal on every backend. */
export function checkSubscriptionName(name: string): void {
  if (typeof name !== "string") throw new TypeError(`subscription: the name must be a string, not ${show(name)}`);
  const isLong = name.length > SUBSCRIPTION_MAX;
  const fault = isLong
    ? `it has ${name.length} characters`
    : (wrongCharacter(name, ODD_IN_SUBSCRIPTION) ?? reserved(name));
  if (fault === undefined) return;
  throw new TypeError(
    `subscription ${show(name)}: ${fault}; a name has 1 to ${SUBSCRIPTION_MAX} letters, digits, '_' and '-', ` +
      "starts with a letter, ends with a letter or digit, and is not sub, retry, dlq, delay or part",
  );
}

/** Says which character is wrong, or wrong at its place; undefined if none is. */
function wrongCharacter(name: string, odd: RegExp): string | undefined {
  if (name === "") return "it is empty";
  const fault = oddCharacter(name, odd);
  if (fault !== undefined) return fault;
  const [first, last] = [name.charAt(0), name.charAt(name.length - 1)];
  if (!/[A-Za-z]/.test(first)) return `it starts with ${show(first)}`;
  return /[A-Za-z0-9]/.test(last) ? undefined : `it ends with ${show(last)}`;
}

/** Says what of the name of a queue or topic is reserved; undefined if nothing is. */
function reservation(name: string): string | undefined {
  const [, beginning] = /^(goog|amq\.)/i.exec(name) ?? [];
  if (beginning !== undefined) return `it begins with ${show(beginning)}`;
  return name
    .split(".")
    .map(reserved)
    .find((fault) => fault !== undefined);
}

function reserved(segment: string): string | undefined {
  return RESERVED.has(segment) ? `${show(segment)} is reserved` : undefined;
}

/** Returns a form of the name that is equal for two names which cannot both exist on every backend. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll(".", "_");
}
