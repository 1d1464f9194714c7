import { describe, expect, test } from "vitest";
import {
  crashEvidence,
  isCondemned,
  isForwards,
  isSuspect,
  type Suspected,
  startsBefore,
} from "../../src/receiving/crash-loop.ts";

test.each([
  ["a first delivery", 0, 0, 0],
  ["a broker that does not count", undefined, 0, 0],
  ["three deliveries elsewhere", 3, 0, 3],
  ["three deliveries, two of which this process has lost while it lived", 3, 2, 1],
  ["fewer deliveries than this process has lost", 1, 4, 0],
])("the evidence of %s", (_, deliveries, survived, evidence) => {
  expect(crashEvidence(deliveries, survived)).toBe(evidence);
});

test("a message is suspected from the second crash on", () => {
  expect([0, 1, 2, 3].map(isSuspect)).toEqual([false, false, true, true]);
});

test("a bystander starts before the guilty message after two of three crashes, whatever comes anew each time", () => {
  const orders = [0, 1, 2, 3, 4, 5].map((crashes) => {
    const anew: Suspected = { id: "anew", evidence: 3 };
    const bystander: Suspected = { id: "bystander", evidence: 4 + crashes };
    const guilty: Suspected = { id: "guilty", evidence: 6 + crashes };
    const direction = isForwards(Math.max(...[anew, bystander, guilty].map(({ evidence }) => evidence)));
    return startsBefore(bystander, guilty, direction);
  });
  expect(orders).toEqual([false, true, true, false, true, true]);
});

test("bystanders that came back from more crashes than the guilty message start before it after every third crash", () => {
  const orders = [0, 1, 2].map((crashes) => {
    const bystander: Suspected = { id: "bystander", evidence: 6 + crashes };
    const guilty: Suspected = { id: "guilty", evidence: 3 + crashes };
    return startsBefore(bystander, guilty, isForwards(bystander.evidence));
  });
  expect(orders).toEqual([true, false, false]);
});

describe("a suspect is given up", () => {
  test.each([
    ["not before the 12th crash", 11, 0, false],
    ["after 12 crashes when no other suspect waits", 12, 0, true],
    ["not while others wait that may be the guilty ones", 12, 1, false],
    ["after 20 crashes whatever waits", 20, 5, true],
  ])("%s", (_, evidence, others, condemned) => {
    expect(isCondemned(evidence, others)).toBe(condemned);
  });
});
