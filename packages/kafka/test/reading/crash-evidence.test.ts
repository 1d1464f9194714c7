import { describe, expect, test } from "vitest";
import { CrashEvidence } from "../../src/reading/crash-evidence.ts";
import type { PartitionLog } from "../../src/reading/partition-log.ts";
import { formatNote } from "../../src/reading/partition-note.ts";
import { logOf, offsetsOf, partition, takeAll, takeOne } from "./logs.ts";

const nothing = { owner: "", crashCounts: [], settled: [], progress: new Map() };

test("what was written after the partition was taken over was not held in any crash before", () => {
  const evidence = new CrashEvidence("me", 5, "anybroker:other:::", 8);
  expect([5, 7, 8, 100].map((offset) => evidence.crashesOf(offset))).toEqual([1, 1, 0, 0]);
});

test("a note of another owner is evidence of a crash, against everything that it may have held", () => {
  const evidence = new CrashEvidence("me", 5, "anybroker:other:::");
  expect([5, 260, 261].map((offset) => evidence.crashesOf(offset))).toEqual([1, 1, 0]);
});

test("a note of this program's own is no evidence: the program lives", () => {
  const evidence = new CrashEvidence("me", 5, "anybroker:me:::");
  expect(evidence.crashesOf(5)).toBe(0);
});

test("settled messages are none that a vanished consumer held, so the evidence reaches beyond them", () => {
  const evidence = new CrashEvidence(
    "me",
    5,
    formatNote(5, { ...nothing, owner: "other", settled: [{ first: 6, last: 305 }] }),
  );
  expect([5, 306, 560, 561].map((offset) => evidence.crashesOf(offset))).toEqual([1, 1, 1, 0]);
});

test("a suspect was not handled in a crash without a note of what was exposed, so it is not counted for it", () => {
  let metadata = formatNote(5, { ...nothing, owner: "one", crashCounts: [{ end: 7, crashes: 3 }] });
  for (const owner of ["two", "three", "four"]) {
    const evidence = new CrashEvidence(owner, 5, metadata);
    evidence.beginMarking();
    metadata = evidence.metadataAt(5, [], undefined);
  }
  const evidence = new CrashEvidence("me", 5, metadata);
  expect([5, 7].map((offset) => evidence.crashesOf(offset))).toEqual([3, 2]);
});

test("crashes add up for what was held each time", () => {
  const first = new CrashEvidence("two", 0, "anybroker:one:::");
  first.beginMarking();
  const evidence = new CrashEvidence("me", 100, first.metadataAt(100, [], undefined));
  expect([100, 255, 256, 355, 356].map((offset) => evidence.crashesOf(offset))).toEqual([2, 2, 1, 1, 0]);
});

test("metadata that another program has committed is no evidence", () => {
  expect(new CrashEvidence("me", 5, "starts=3").crashesOf(5)).toBe(0);
});

test("the owner is noted with the next commit, and not by a consumer that leaves cleanly", () => {
  const log = logOf([5, 6], { from: 5 });
  expect(log.uncommitted).toBeUndefined();
  log.evidence.beginMarking();
  expect(log.uncommitted).toEqual({ ...partition, offset: 5, metadata: "anybroker:me:::" });
  expect(log.uncommittedOnLeaving).toBeUndefined();
  log.settle(takeOne(log));
  expect(log.uncommittedOnLeaving).toEqual({ ...partition, offset: 6, metadata: "" });
});

test("after a crash each settled message is noted, and the next consumer does not deliver it again", () => {
  const log = logOf([5, 6, 7, 8, 9], { from: 5, metadata: "anybroker:other:::" });
  log.evidence.beginMarking();
  const [, second, third, , fifth] = takeAll(log);
  for (const delivery of [second, third, fifth]) if (delivery !== undefined) log.settle(delivery);
  const { metadata = "" } = log.uncommitted ?? {};
  const next = logOf([5, 6, 7, 8, 9], { from: 5, metadata, owner: "next" });
  const delivered = takeAll(next);
  expect(offsetsOf(delivered)).toEqual([5, 8]);
  expect(delivered.map(({ deliveries }) => deliveries)).toEqual([2, 2]);
  for (const delivery of delivered) next.settle(delivery);
  expect(next.firstUnsettled).toBe(10);
});

test("without a crash settled messages are not noted one by one", () => {
  const log = logOf([5, 6, 7], { from: 5 });
  log.evidence.beginMarking();
  const [, second] = takeAll(log);
  if (second !== undefined) log.settle(second);
  expect(log.uncommitted?.metadata).toBe("anybroker:me:::");
});

test("the progress of a retry in place comes with the next delivery, until the message is settled", () => {
  const log = logOf([5, 6], { from: 5 });
  const [first] = takeAll(log);
  log.evidence.keepProgress(5, { failures: 2, notBefore: 1_700_000_000_000 });
  const { metadata = "" } = log.uncommitted ?? {};
  const next = logOf([5, 6], { from: 5, metadata });
  expect(takeAll(next).map(({ progress }) => progress)).toEqual([
    { failures: 2, notBefore: 1_700_000_000_000 },
    undefined,
  ]);
  if (first !== undefined) log.settle(first);
  expect(log.uncommitted).toEqual({ ...partition, offset: 6, metadata: "" });
});

test("an owner counts once its note is committed, and not when the commit has failed", () => {
  const evidence = new CrashEvidence("me", 5, "");
  evidence.beginMarking();
  expect([evidence.isMarking, evidence.isMarked]).toEqual([true, false]);
  evidence.markingFailed();
  expect([evidence.isMarking, evidence.isMarked]).toEqual([false, false]);
  expect(evidence.metadataAt(5, [], undefined)).toBe("");
  evidence.beginMarking();
  evidence.marked();
  expect([evidence.isMarking, evidence.isMarked]).toEqual([false, true]);
});

describe("once it is noted which messages are exposed", () => {
  /** A consumer that holds 5, 7 and 8 of 5 to 9, and has noted that 8 does not start. */
  const holding = (): PartitionLog => {
    const log = logOf([5, 6, 7, 8, 9], { from: 5, owner: "one" });
    log.evidence.beginMarking();
    log.evidence.marked();
    const first = takeOne(log);
    log.settle(takeOne(log));
    const third = takeOne(log);
    takeOne(log);
    log.noteExposed(new Set([first, third]));
    return log;
  };

  test("a crash is evidence against these alone", () => {
    const { metadata = "" } = holding().uncommitted ?? {};
    const evidence = new CrashEvidence("two", 5, metadata);
    expect([5, 6, 7, 8, 9].map((offset) => evidence.crashesOf(offset))).toEqual([1, 0, 1, 0, 0]);
  });

  test("nothing is delivered until the note is changed", () => {
    const { evidence } = holding();
    expect([evidence.isMarking, evidence.isMarked]).toEqual([false, false]);
    evidence.beginMarking();
    expect([evidence.isMarking, evidence.isMarked]).toEqual([true, false]);
    evidence.marked();
    expect([evidence.isMarking, evidence.isMarked]).toEqual([false, true]);
  });

  test("the program stays the owner when the change fails", () => {
    const log = holding();
    const before = log.uncommitted;
    log.evidence.beginMarking();
    log.evidence.markingFailed();
    expect(log.uncommitted).toEqual(before);
    expect(before?.metadata).toContain(":one:");
  });

  test("it is so, too, when the first note of the owner was on its way", () => {
    const evidence = new CrashEvidence("me", 5, "");
    evidence.beginMarking();
    evidence.noteExposed();
    evidence.marked();
    expect(evidence.isMarked).toBe(false);
  });
});
