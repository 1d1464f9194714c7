/** The steps of the delay ladder in ms, for brokers without timers. */
export const DELAY_STEPS: readonly number[] = [250, 1_000, 5_000, 30_000, 120_000, 600_000, 3_600_000];

/** Returns the longest step that fits into the remaining delay, or the shortest step if none fits. */
export function stepBelow(remaining: number): number {
  return DELAY_STEPS.findLast((step) => step <= remaining) ?? Math.min(...DELAY_STEPS);
}

/** Returns the shortest step that covers the delay, or the longest step if none does. */
export function stepAbove(delay: number): number {
  return DELAY_STEPS.find((step) => step >= delay) ?? Math.max(...DELAY_STEPS);
}
