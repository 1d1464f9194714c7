/** The steps of the delay ladder, in milliseconds: for brokers that have no timer. */
export const DELAY_STEPS: readonly number[] = [250, 1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000];

/** The largest step not longer than what remains, or the smallest when less remains. */
export function stepBelow(remaining: number): number {
  return DELAY_STEPS.findLast((step) => step <= remaining) ?? Math.min(...DELAY_STEPS);
}

/** The smallest step not shorter than the delay, or the longest there is. */
export function stepAbove(delay: number): number {
  return DELAY_STEPS.find((step) => step >= delay) ?? Math.max(...DELAY_STEPS);
}
