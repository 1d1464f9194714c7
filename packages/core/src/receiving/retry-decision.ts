/** How a source can retry a message. The same for all messages of a read session. */
export interface RetryMeans {
  /** Whether the source has a return queue, through which a copy comes back. */
  readonly hasReturnQueue: boolean;
  /** Whether a failed message must block later messages of its key until it succeeds or is given up. */
  readonly holdsKeyBack: boolean;
  /** Whether the return queue can delay a copy. */
  readonly canDelayCopies: boolean;
}

/** A failure of a message, with all that the policy and the clock say about it. */
export interface Failure {
  /** The number of failures of the message, this one included. */
  readonly failures: number;
  /** The result of the policy's `classify`. */
  readonly classifiedAs: "retry" | "dead-letter" | "discard";
  /** The number of attempts that the policy allows. */
  readonly attempts: number;
  /** The wait before the next attempt in ms, as the handler asked for it, or else by the policy's backoff. */
  readonly wait: number;
  /** Whether the message's time to live is over. */
  readonly expired: boolean;
}

/** The decision about a failed message. */
export type RetryDecision =
  | { readonly action: "discard"; readonly reason: "classified" | "expired" }
  | { readonly action: "dead-letter"; readonly reason: "classified" | "attempts-exhausted" }
  /** A copy goes through the return queue, and the original is settled. */
  | { readonly action: "retry-by-copy"; readonly wait: number }
  /** The consumer keeps the message under its lease, and runs the handler again. */
  | { readonly action: "retry-in-place"; readonly wait: number };

/** Decides what to do with a failed message. A pure function. */
export function decideRetry(failure: Failure, means: RetryMeans): RetryDecision {
  if (failure.classifiedAs === "discard") return { action: "discard", reason: "classified" };
  if (failure.classifiedAs === "dead-letter") return { action: "dead-letter", reason: "classified" };
  if (failure.failures >= failure.attempts) return { action: "dead-letter", reason: "attempts-exhausted" };
  if (failure.expired) return { action: "discard", reason: "expired" };
  const { wait } = failure;
  return { action: retriesInPlace(means, wait) ? "retry-in-place" : "retry-by-copy", wait };
}

/** Returns whether a message that must wait this long, in ms, stays in its consumer instead of being copied. */
export function retriesInPlace(means: RetryMeans, wait: number): boolean {
  return !means.hasReturnQueue || means.holdsKeyBack || (wait > 0 && !means.canDelayCopies);
}
