import fc from "fast-check";
import { expect, test } from "vitest";
import { formatDuration, parseDuration } from "../../src/config/durations.ts";

test.each([
  ["PT0S", 0],
  ["PT1M", 60_000],
  ["PT1M30S", 90_000],
  ["PT0.5S", 500],
  ["P1DT2H3M4.005S", 93_784_005],
  ["P14D", 1_209_600_000],
] as const)("%s is read and written", (text, milliseconds) => {
  expect(parseDuration(text)).toBe(milliseconds);
  expect(formatDuration(milliseconds)).toBe(text);
});

test("the longest duration is never, also as a client writes it that loses digits", () => {
  expect(parseDuration("P10675199DT2H48M5.4775807S")).toBe(Number.POSITIVE_INFINITY);
  expect(parseDuration("P10675199DT2H48M5.477539S")).toBe(Number.POSITIVE_INFINITY);
  expect(formatDuration(Number.POSITIVE_INFINITY)).toBe("P10675199DT2H48M5.4775807S");
});

test.each(["", "P", "PT", "P1DT", "1M", "PT1", "P1Y", "P1M", "-PT1S", "PT1S ", "pt1s", "PT1M1H", "PT.5S"])(
  "'%s' is no duration",
  (text) => {
    expect(parseDuration(text)).toBeUndefined();
  },
);

test("what is written is read as it was", () => {
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 1e12 }), (milliseconds) => {
      expect(parseDuration(formatDuration(milliseconds))).toBe(milliseconds);
    }),
  );
});
