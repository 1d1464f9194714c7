/** The clock for retries, delays, leases and timeouts. Tests can pass one that they advance by hand. */
export interface Clock {
  /** The current time in milliseconds since 1970. */
  now(): number;
  /** Calls `run` once, no sooner than after `ms` milliseconds. The returned function cancels the call. */
  after(ms: number, run: () => void): () => void;
  /**
   * Time stands still until a program moves it. The end of a block with `await using` then does not drain, because the
   * clock would never reach the `drainTimeout`. `close` drains as always.
   */
  readonly manual?: boolean | undefined;
  /** Called with 1 when a handler is about to start, and with -1 when it has returned or did not have to start. */
  readonly handling?: ((change: 1 | -1) => void) | undefined;
}

/** The longest delay that `setTimeout` accepts, in ms. */
const LONGEST = 2_147_483_647;

/** The system clock. */
export const systemClock: Clock = {
  now: Date.now,
  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, Math.min(Math.max(0, ms), LONGEST));
    return () => clearTimeout(timer);
  },
};

/**
 * Aborts after `ms` milliseconds by the clock; with 0 when this turn of the event loop is over, even if the clock stands
 * still. The returned function cancels it.
 */
export function abortAfter(clock: Clock, ms: number, controller: AbortController): () => void {
  if (ms > 0) return clock.after(ms, () => controller.abort());
  const turn = setImmediate(() => controller.abort());
  return () => clearImmediate(turn);
}

/** Resolves after `ms` milliseconds by the clock, or as soon as the signal aborts. Never rejects. */
export function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const cancel = clock.after(ms, () => {
      signal.removeEventListener("abort", stop);
      resolve();
    });
    const stop = (): void => {
      cancel();
      resolve();
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}
