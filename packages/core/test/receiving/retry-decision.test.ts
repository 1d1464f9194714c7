import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decideRetry, type Failure, type RetryMeans, retriesInPlace } from "../../src/receiving/retry-decision.ts";

const COPIES: RetryMeans = { hasReturnQueue: true, holdsKeyBack: false, canDelayCopies: true };

const discard = (reason: "classified" | "expired") => ({ action: "discard", reason }) as const;
const deadLetter = (reason: "classified" | "attempts-exhausted") => ({ action: "dead-letter", reason }) as const;
const retry = { action: "retry-by-copy", wait: 100 } as const;

describe("the policy decides first", () => {
  test.each([
    // what the policy classifies the error as, failures of attempts, expired → what becomes of the message
    ["retry", 1, 5, false, retry],
    ["retry", 4, 5, false, retry],
    ["retry", 5, 5, false, deadLetter("attempts-exhausted")],
    ["retry", 6, 5, false, deadLetter("attempts-exhausted")],
    ["retry", 1, 1, false, deadLetter("attempts-exhausted")],
    ["retry", 1, 5, true, discard("expired")],
    ["retry", 4, 5, true, discard("expired")],
    ["retry", 5, 5, true, deadLetter("attempts-exhausted")],
    ["dead-letter", 1, 5, false, deadLetter("classified")],
    ["dead-letter", 5, 5, false, deadLetter("classified")],
    ["dead-letter", 1, 5, true, deadLetter("classified")],
    ["discard", 1, 5, false, discard("classified")],
    ["discard", 5, 5, false, discard("classified")],
    ["discard", 1, 5, true, discard("classified")],
  ] as const)("%s after failure %i of %i, expired: %s → %o", (classifiedAs, failures, attempts, expired, decision) => {
    expect(decideRetry({ classifiedAs, failures, attempts, expired, wait: 100 }, COPIES)).toEqual(decision);
  });
});

describe("a message that is tried again stays in place where a copy cannot do", () => {
  const yes = true;
  const no = false;
  test.each([
    // return queue, holds its key back, copies can be delayed, wait → where it waits
    [yes, no, yes, 0, "retry-by-copy"],
    [yes, no, yes, 100, "retry-by-copy"],
    [yes, no, no, 0, "retry-by-copy"],
    [yes, no, no, 100, "retry-in-place"],
    [yes, yes, yes, 0, "retry-in-place"],
    [yes, yes, yes, 100, "retry-in-place"],
    [yes, yes, no, 0, "retry-in-place"],
    [yes, yes, no, 100, "retry-in-place"],
    [no, no, yes, 0, "retry-in-place"],
    [no, no, yes, 100, "retry-in-place"],
    [no, no, no, 0, "retry-in-place"],
    [no, no, no, 100, "retry-in-place"],
    [no, yes, yes, 0, "retry-in-place"],
    [no, yes, yes, 100, "retry-in-place"],
    [no, yes, no, 0, "retry-in-place"],
    [no, yes, no, 100, "retry-in-place"],
  ] as const)(
    "return queue: %s, holds its key back: %s, delays copies: %s, wait: %i ms → %s",
    (hasReturnQueue, holdsKeyBack, canDelayCopies, wait, action) => {
      const means = { hasReturnQueue, holdsKeyBack, canDelayCopies };
      const failure = { classifiedAs: "retry", failures: 1, attempts: 5, expired: false, wait } as const;
      expect(decideRetry(failure, means)).toEqual({ action, wait });
      expect(retriesInPlace(means, wait)).toBe(action === "retry-in-place");
    },
  );
});

test("what a source can do changes where a message waits, and nothing else", () => {
  const means = fc.record({ hasReturnQueue: fc.boolean(), holdsKeyBack: fc.boolean(), canDelayCopies: fc.boolean() });
  const failure: fc.Arbitrary<Failure> = fc.record({
    classifiedAs: fc.constantFrom("retry", "dead-letter", "discard"),
    failures: fc.integer({ min: 1, max: 10 }),
    attempts: fc.integer({ min: 1, max: 10 }),
    wait: fc.nat(),
    expired: fc.boolean(),
  });
  fc.assert(
    fc.property(failure, means, (failed, some) => {
      const withCopies = decideRetry(failed, COPIES);
      const decision = decideRetry(failed, some);
      const retried = { action: expect.stringMatching(/^retry-/), wait: failed.wait };
      expect(decision).toEqual(withCopies.action === "retry-by-copy" ? retried : withCopies);
    }),
  );
});
