import fc from "fast-check";
import { expect, test } from "vitest";
import { DELAY_STEPS, stepAbove, stepBelow } from "../../src/driver-kit/ladder.ts";

const LONGEST = Math.max(...DELAY_STEPS);
const SHORTEST = Math.min(...DELAY_STEPS);

test.each([
  // what remains, the next step down, the next step up
  [1, 250, 250],
  [250, 250, 250],
  [251, 250, 1_000],
  [4_999, 1_000, 5_000],
  [600_000, 600_000, 600_000],
  [3_600_000, 3_600_000, 3_600_000],
  [86_400_000, 3_600_000, 3_600_000],
])("with %i ms to wait the step below is %i, the step above %i", (remaining, below, above) => {
  expect(stepBelow(remaining)).toBe(below);
  expect(stepAbove(remaining)).toBe(above);
});

test("going down the ladder a message is late by less than the shortest step", () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 10 * LONGEST }), (delay) => {
      let remaining = delay;
      while (remaining > 0) remaining -= stepBelow(remaining);
      expect(-remaining).toBeLessThan(SHORTEST);
    }),
  );
});

test("one step up is never too short, as long as there is one", () => {
  fc.assert(fc.property(fc.integer({ min: 1, max: LONGEST }), (delay) => stepAbove(delay) >= delay));
});
