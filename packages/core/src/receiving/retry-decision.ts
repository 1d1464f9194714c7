/** How a source can run a failed message again. The same for all messages of one read session. */
export interface RetryMeans {
  /** There is a return queue, so that a copy can come back to this source. */
  readonly hasReturnQueue: boolean;
  /** A failed message holds its key back until it succeeds or is given up: nothing of its key may pass it. */
  readonly holdsKeyBack: boolean;
  /** The return queue can make a copy wait. */
  readonly canDelayCopies: boolean;
}

/** One failure of a message, as the policy and the clock see it. */
export interface Failure {
  /** Failures of this message so far, this one included. */
  readonly failures: number;
  /** What the policy's `classify` says of the error. */
  readonly verdict: "retry" | "dead-letter" | "discard";
  /** The most attempts of the policy. */
  readonly attempts: number;
  /** How long to wait before the next attempt, in milliseconds: as the handler asked, else by the policy's backoff. */
  readonly wait: number;
  /** Whether the message's time to live is over. */
  readonly expired: boolean;
}

/** What becomes of a failed message. */
export type RetryDecision =
  | { readonly action: "discard"; readonly reason: "classified" | "expired" }
  | { readonly action: "dead-letter"; readonly reason: "classified" | "attempts-exhausted" }
  /** A copy goes through the return queue, and the consumer is done with the message. */
  | { readonly action: "retry-by-copy"; readonly wait: number }
  /** The consumer keeps the message under its lease and runs the handler again. */
  | { readonly action: "retry-in-place"; readonly wait: number };

/** Decides what becomes of a failed message. Pure: the same failure gives the same decision. */
export function decideRetry(failure: Failure, means: RetryMeans): RetryDecision {
  if (failure.verdict === "discard") return { action: "discard", reason: "classified" };
  if (failure.verdict === "dead-letter") return { action: "dead-letter", reason: "classified" };
  if (failure.failures >= failure.attempts) return { action: "dead-letter", reason: "attempts-exhausted" };
  if (failure.expired) return { action: "discard", reason: "expired" };
  const { wait } = failure;
  return { action: retriesInPlace(means, wait) ? "retry-in-place" : "retry-by-copy", wait };
}

/** Whether a message that has to wait this long, in milliseconds, stays with its consumer instead of being copied. */
export function retriesInPlace(means: RetryMeans, wait: number): boolean {
  return !means.hasReturnQueue || means.holdsKeyBack || (wait > 0 && !means.canDelayCopies);
}
