import type { RetryPolicy } from "../api/consuming.ts";
import { DEFAULTS } from "../api/defaults.ts";
import { checkFunction, checkKeys, integer, number } from "../base/check.ts";

const YEAR = 31_536_000_000;

/** A checked retry policy, with all defaults. */
export interface FullRetryPolicy {
  readonly attempts: number;
  readonly classify: RetryPolicy["classify"];
  /** Returns the wait after a number of failures, jitter included, in ms. */
  readonly wait: (failures: number) => number;
  /** The longest wait before jitter, in ms. */
  readonly longest: number;
}

/** Throws a `TypeError` unless it is an object of options for retries. */
export function checkRetryKeys(policy: object): void {
  checkKeys("retry", policy, ["attempts", "backoff", "classify"]);
}

/** Checks a retry policy and adds the defaults. Throws a `TypeError` if a value is wrong. */
export function fullRetryPolicy(policy: RetryPolicy = {}): FullRetryPolicy {
  checkRetryKeys(policy);
  const { backoff = {} } = policy;
  checkKeys("retry.backoff", backoff, ["initial", "max", "factor", "jitter"]);
  if (policy.classify !== undefined) checkFunction("retry.classify", policy.classify);
  const defaults = DEFAULTS.retry.backoff;
  const initial = integer("retry.backoff.initial", backoff.initial, defaults.initial, 0, YEAR);
  const max = integer("retry.backoff.max", backoff.max, Math.max(defaults.max, initial), initial, YEAR);
  const factor = number("retry.backoff.factor", backoff.factor, defaults.factor, 1, 1_000);
  const jitter = number("retry.backoff.jitter", backoff.jitter, defaults.jitter, 0, 1);
  return {
    attempts: integer("retry.attempts", policy.attempts, DEFAULTS.retry.attempts, 1),
    classify: policy.classify,
    longest: max,
    wait(failures: number): number {
      // After hundreds of failures the power is Infinity, and 0 times Infinity would be NaN.
      const base = Math.min(max, initial * Math.min(factor ** (failures - 1), Number.MAX_VALUE));
      return Math.ceil(base * (1 + Math.random() * jitter));
    },
  };
}
