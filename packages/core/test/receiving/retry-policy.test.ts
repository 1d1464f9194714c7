import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { fullRetryPolicy } from "../../src/receiving/retry-policy.ts";

describe("a wait of the backoff", () => {
  test("grows by the factor up to the maximum", () => {
    const { wait, longest } = fullRetryPolicy({ backoff: { initial: 100, factor: 3, max: 1_000, jitter: 0 } });
    expect([1, 2, 3, 4, 5, 40].map(wait)).toEqual([100, 300, 900, 1_000, 1_000, 1_000]);
    expect(longest).toBe(1_000);
  });

  test("is 1, 5, 25, 125 and 600 seconds by default, and up to 20 % longer", () => {
    const { wait, attempts } = fullRetryPolicy();
    expect(attempts).toBe(5);
    for (const [failures, base] of [1_000, 5_000, 25_000, 125_000, 600_000, 600_000].entries()) {
      const waits = Array.from({ length: 100 }, () => wait(failures + 1));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(base);
      expect(Math.max(...waits)).toBeLessThanOrEqual(base * 1.2);
      expect(new Set(waits).size).toBeGreaterThan(1);
    }
  });

  test("is never shorter than the backoff says, and jitter lengthens it by no more than its share", () => {
    const backoffs = fc.record({
      initial: fc.nat(10_000),
      more: fc.nat(1_000_000),
      factor: fc.double({ min: 1, max: 1_000, noNaN: true }),
      jitter: fc.double({ min: 0, max: 1, noNaN: true }),
    });
    fc.assert(
      fc.property(backoffs, fc.integer({ min: 1, max: 2_000 }), ({ initial, more, factor, jitter }, failures) => {
        const max = initial + more;
        const wait = fullRetryPolicy({ backoff: { initial, max, factor, jitter } }).wait(failures);
        const base = initial === 0 ? 0 : Math.min(max, initial * factor ** (failures - 1));
        expect(Number.isInteger(wait)).toBe(true);
        expect(wait).toBeGreaterThanOrEqual(base);
        expect(wait).toBeLessThanOrEqual(Math.ceil(base * (1 + jitter)));
      }),
    );
  });

  test("is none, however often the message failed, when the first one is none", () => {
    const { wait } = fullRetryPolicy({ backoff: { initial: 0 } });
    expect([1, 2, 1_000].map(wait)).toEqual([0, 0, 0]);
  });
});

describe("a retry policy", () => {
  test("may begin with a wait longer than the default maximum, which is then the longest", () => {
    expect(fullRetryPolicy({ backoff: { initial: 700_000 } }).longest).toBe(700_000);
  });

  test.each([
    [{ attempts: 0 }],
    [{ attempts: 1.5 }],
    [{ attempts: Number.NaN }],
    [{ backoff: { initial: -1 } }],
    [{ backoff: { factor: 0.5 } }],
    [{ backoff: { jitter: 2 } }],
    [{ backoff: { initial: 100, max: 50 } }],
    [{ classify: "retry" }],
    [{ bakoff: {} }],
    [{ backoff: { min: 5 } }],
  ])("cannot be %o", (policy) => {
    // The cast is the point: what JavaScript could pass.
    expect(() => fullRetryPolicy(policy as object)).toThrow(TypeError);
  });
});
