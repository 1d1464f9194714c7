import { show } from "../base/check.ts";
import { RESERVED_SEGMENTS } from "../contract/reserved-names.ts";

const NAME = /^[A-Za-z](?:[A-Za-z0-9._-]*[A-Za-z0-9])?$/;
const SUBSCRIPTION = /^[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?$/;
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
  const reserved = name.split(".").some((segment) => RESERVED.has(segment));
  if (!NAME.test(name) || reserved || /^(goog|amq\.)/i.test(name)) {
    throw new TypeError(`${what} ${show(name)}: ${RULE}`);
  }
}

/** Throws a `TypeError` unless the name of a subscription is legal on every backend. */
export function checkSubscriptionName(name: string): void {
  if (typeof name !== "string" || name.length > SUBSCRIPTION_MAX || !SUBSCRIPTION.test(name) || RESERVED.has(name)) {
    throw new TypeError(
      `subscription ${show(name)}: a name has 1 to ${SUBSCRIPTION_MAX} letters, digits, '_' and '-', ` +
        "starts with a letter, ends with a letter or digit, and is not sub, retry, dlq, delay or part",
    );
  }
}

/** Returns a form of the name that is equal for two names which cannot both exist on every backend. */
export function canonicalName(name: string): string {
  return name.toLowerCase().replaceAll(".", "_");
}
