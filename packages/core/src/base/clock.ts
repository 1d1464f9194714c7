/** The time that all policy goes by. Tests may pass one that they move by hand. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `run` once, after `ms` milliseconds at the earliest, unless the function it returns is called before. */
  after(ms: number, run: () => void): () => void;
}

/** The longest wait that `setTimeout` takes. */
const LONGEST = 2_147_483_647;

/** The machine's own clock. */
export const systemClock: Clock = {
  now: Date.now,
  after(ms: number, run: () => void): () => void {
    const timer = setTimeout(run, Math.min(Math.max(0, ms), LONGEST));
    return () => clearTimeout(timer);
  },
};

/** Resolves after `ms` milliseconds of the clock, or at once when the signal aborts. Never rejects. */
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
