import { expect, test } from "vitest";
import { CrashEvidence } from "../../src/reading/crash-evidence.ts";
import { logOf, partition, takeAll, takeOne } from "./logs.ts";

test("after a crash the first message has its own count, and those that were started with it share one", () => {
  const log = logOf([5, 6, 7, 8], { from: 5, metadata: "anybroker:starts=3,2,8" });
  expect(takeAll(log).map(({ deliveries }) => deliveries)).toEqual([3, 2, 2, 0]);
});

test("the first message may lie behind the committed offset", () => {
  const log = logOf([7, 8], { from: 5, metadata: "anybroker:starts=3,0,5" });
  expect(takeAll(log).map(({ deliveries }) => deliveries)).toEqual([3, 0]);
});

test("metadata that another program has committed is no evidence", () => {
  expect(new CrashEvidence(5, "starts=3").startsOf(5)).toBe(0);
});

test("a start marker is committed, taken back by a consumer that leaves, and gone behind its message", () => {
  const log = logOf([5, 6], { from: 5, metadata: "anybroker:starts=3,0,5" });
  expect(log.uncommitted).toBeUndefined();
  log.evidence.beginMarking(6);
  expect(log.uncommitted).toEqual({ ...partition, offset: 5, metadata: "anybroker:starts=4,0,5" });
  log.committed = log.uncommitted ?? log.committed;
  expect(log.uncommitted).toBeUndefined();
  expect(log.uncommittedOnLeaving).toEqual({ ...partition, offset: 5, metadata: "anybroker:starts=3,0,5" });
  log.settle(takeOne(log));
  expect(log.uncommitted).toEqual({ ...partition, offset: 6, metadata: "" });
});

test("a start marker for everything that may be delivered covers the messages behind the first one too", () => {
  const log = logOf([5, 6, 7], { from: 5, metadata: "anybroker:starts=1,1,7" });
  log.evidence.beginMarking(Number.POSITIVE_INFINITY);
  expect(log.uncommitted?.metadata).toBe("anybroker:starts=2,2,261");
  const [first, second] = [takeOne(log), takeOne(log)];
  log.settle(first);
  expect(log.uncommitted?.metadata).toBe("anybroker:starts=2,1,262");
  log.settle(second);
  expect(log.uncommitted?.metadata).toBe("anybroker:starts=1,1,263");
  expect(log.uncommittedOnLeaving?.metadata).toBe("");
});

test.each([
  ["a first message that never crashed", 0, false, false, Number.POSITIVE_INFINITY],
  ["the same, one at a time", 0, true, false, Number.POSITIVE_INFINITY],
  ["the same, one at a time after a suspect", 0, true, true, 6],
  ["a first message that crashed once", 1, false, false, Number.POSITIVE_INFINITY],
  ["the same, one at a time", 1, true, false, 6],
  ["a suspect that the core is about to release", 2, false, false, -1],
  ["a suspect, one at a time", 2, true, false, 6],
])("the marker that must be committed before %s", (_, starts, oneAtATime, isSuspicious, expected) => {
  const evidence = new CrashEvidence(5, `anybroker:starts=${starts},0,5`);
  expect(evidence.neededMarker(5, oneAtATime, isSuspicious)).toBe(expected);
});

test("a marker counts once it is committed, and not when its commit has failed", () => {
  const evidence = new CrashEvidence(5, "");
  evidence.beginMarking(6);
  expect([evidence.isMarking(6), evidence.isMarked(6)]).toEqual([true, false]);
  evidence.markingFailed();
  expect([evidence.isMarking(6), evidence.isMarked(6)]).toEqual([false, false]);
  evidence.beginMarking(6);
  evidence.marked(6);
  expect(evidence.isMarked(6)).toBe(true);
  evidence.withdraw();
  expect(evidence.metadataAt(5)).toBe("");
});
