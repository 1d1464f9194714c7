/** Where the entities get the time from. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  timer(ring: () => void): Timer;
}

/** Rings once, at the earliest time that it was set to since it last rang. It may ring early. */
export interface Timer {
  set(at: number): void;
  clear(): void;
}

// setTimeout takes no longer delay.
const LONGEST_TIMEOUT = 2 ** 31 - 1;

/** The system's clock. Its timers do not keep the process alive. */
export const systemClock: Clock = {
  now: () => Date.now(),
  timer: (ring) => {
    let ringsAt = Number.POSITIVE_INFINITY;
    let timeout: NodeJS.Timeout | undefined;
    return {
      set: (at) => {
        if (at >= ringsAt) return;
        clearTimeout(timeout);
        ringsAt = at;
        timeout = setTimeout(
          () => {
            ringsAt = Number.POSITIVE_INFINITY;
            ring();
          },
          Math.min(Math.max(at - Date.now(), 0), LONGEST_TIMEOUT),
        );
        timeout.unref();
      },
      clear: () => {
        clearTimeout(timeout);
        ringsAt = Number.POSITIVE_INFINITY;
      },
    };
  },
};
