import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dateOf, formatCount, readCount, readDate, readTime } from "../../src/contract/own-headers.ts";

const LAST_TIME = 8_640_000_000_000_000;

describe("a header of ours", () => {
  test("is read back as it was written", () => {
    fc.assert(
      fc.property(fc.nat(1_000_000), fc.maxSafeNat(), (count, time) => {
        expect(readCount(formatCount(count))).toBe(count);
        expect(readTime(String(time % LAST_TIME))).toBe(time % LAST_TIME);
      }),
    );
    fc.assert(
      fc.property(fc.date({ noInvalidDate: true }), (date) => {
        expect(readDate(date.toISOString())).toEqual(date);
      }),
    );
    expect(readTime(String(LAST_TIME))).toBe(LAST_TIME);
  });

  test("is nothing in any other form", () => {
    const texts = fc.oneof(fc.string(), fc.double().map(String), fc.bigInt().map(String), fc.date().map(String));
    const odd = ["", " ", "0", "00", "01", "-0", "-1", "1.0", "1e2", "0x1", "Infinity", "NaN", "1\n", "١"];
    fc.assert(
      fc.property(texts, (text) => {
        for (const read of [readCount, readTime]) expect([undefined, text]).toContain(read(text)?.toString());
        expect([undefined, text]).toContain(readDate(text)?.toISOString());
      }),
      { examples: odd.map((text) => [text]) },
    );
    for (const text of ["1000001", "9".repeat(400), undefined]) expect(readCount(text)).toBeUndefined();
    for (const text of [String(LAST_TIME + 1), "9".repeat(400), undefined]) expect(readTime(text)).toBeUndefined();
    for (const text of ["2026-01-01", "+300000-01-01T00:00:00.000Z", undefined]) expect(readDate(text)).toBeUndefined();
  });

  test("holds the largest count in place of a larger one", () => {
    expect(formatCount(2 ** 53)).toBe("1000000");
  });
});

test("a time that no Date can have has no date", () => {
  expect(dateOf(LAST_TIME)).toEqual(new Date(LAST_TIME));
  for (const time of [undefined, LAST_TIME + 1, Number.NaN, Number.NEGATIVE_INFINITY])
    expect(dateOf(time)).toBeUndefined();
});
