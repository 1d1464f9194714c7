import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { dateOf, formatCount, readCount, readDate, readTime } from "../src/contract/own-headers.ts";
import { decideReceipt, isExpired } from "../src/receiving/receipt-decision.ts";

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
    fc.assert(
      fc.property(texts, (text) => {
        for (const value of [readCount(text), readTime(text)])
          expect([text, undefined]).toContain(value === undefined ? undefined : String(value));
        expect([text, undefined]).toContain(readDate(text)?.toISOString());
      }),
      {
        examples: ["", " ", "0", "00", "01", "-0", "-1", "1.0", "1e2", "0x1", "Infinity", "NaN", "1\n", "١"].map(
          (text) => [text],
        ),
      },
    );
    expect([readCount("1000001"), readTime(String(LAST_TIME + 1)), readTime("9".repeat(400))]).toEqual(Array(3));
    expect([readCount(undefined), readTime(undefined), readDate(undefined)]).toEqual(Array(3));
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

describe("foreign values of headers of ours", () => {
  test("neither delay nor discard, and do not end another wait", () => {
    for (const text of ["", "NaN", "Infinity", "1e300", "-1", "soon", "9404642304000000"]) {
      const headers = { "anybroker-not-before": text, "anybroker-expires-at": text };
      expect(decideReceipt(headers, 0, undefined, 1_000)).toEqual({ action: "handle" });
      expect(decideReceipt(headers, 1_500, undefined, 1_000)).toEqual({ action: "requeue", wait: 500 });
      expect(isExpired(headers, 1_000)).toBe(false);
    }
  });

  test("do both in the form that we write", () => {
    expect(decideReceipt({ "anybroker-not-before": "1500" }, 0, undefined, 1_000)).toMatchObject({ wait: 500 });
    expect(decideReceipt({ "anybroker-expires-at": "1000" }, 0, undefined, 1_000)).toEqual({ action: "discard" });
  });
});
