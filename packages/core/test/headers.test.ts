import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { truncate } from "../src/contract/headers.ts";
import { fullRetryPolicy } from "../src/receiving/retry-policy.ts";
import { idMaker } from "../src/sending/id.ts";

describe("truncate", () => {
  test("cuts to bytes without cutting a character", () => {
    expect(truncate("abc", 512)).toBe("abc");
    expect(truncate("ééé", 5)).toBe("éé");
    expect(truncate("a😀b", 4)).toBe("a");
    expect(truncate("a😀b", 5)).toBe("a😀");
  });

  test("never makes a text longer than asked, nor ill-formed", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary" }), fc.nat(40), (text, max) => {
        const cut = truncate(text, max);
        expect(Buffer.byteLength(cut)).toBeLessThanOrEqual(max);
        expect(cut.isWellFormed()).toBe(true);
        expect(text.toWellFormed().startsWith(cut)).toBe(true);
      }),
    );
  });
});

test("ids are UUIDs of version 7 that tell their time and do not repeat", () => {
  const now = 1_750_000_000_123;
  const next = idMaker(() => now);
  const ids = Array.from({ length: 10_000 }, next);
  expect(new Set(ids).size).toBe(ids.length);
  for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(Number.parseInt((ids[0] ?? "").replaceAll("-", "").slice(0, 12), 16)).toBe(now);
});

describe("the backoff", () => {
  test("grows by its factor up to its maximum, and jitter only lengthens it", () => {
    const policy = fullRetryPolicy({ backoff: { initial: 100, factor: 3, max: 1_000, jitter: 0.5 } });
    for (const [failures, base] of [
      [1, 100],
      [2, 300],
      [3, 900],
      [4, 1_000],
      [40, 1_000],
    ] as const) {
      const waits = Array.from({ length: 200 }, () => policy.wait(failures));
      expect(Math.min(...waits)).toBeGreaterThanOrEqual(base);
      expect(Math.max(...waits)).toBeLessThanOrEqual(base * 1.5);
    }
  });

  test.each([
    [{ attempts: 0 }],
    [{ attempts: Number.NaN }],
    [{ backoff: { initial: -1 } }],
    [{ backoff: { factor: 0.5 } }],
    [{ backoff: { jitter: 2 } }],
    [{ backoff: { initial: 100, max: 50 } }],
    [{ bakoff: {} }],
  ])("refuses %j", (policy) => {
    // The cast is the point: what JavaScript could pass.
    expect(() => fullRetryPolicy(policy as object)).toThrow(TypeError);
  });
});
