import { expect, test } from "vitest";
import type { Event } from "../history/event.ts";
import { check } from "./check.ts";
import { FINDING_KINDS, type FindingKind } from "./finding.ts";
import { dead, fact, fault, historyOf, left, run, sent } from "./histories.ts";

/** The findings of a history as `kind: text`. */
const findingsOf = (...parts: readonly (readonly Event[])[]): readonly string[] =>
  check(historyOf(parts)).map(({ kind, text }) => `${kind}: ${text}`);

const strict = { to: "strict", key: "k" } as const;
const poison = { steps: { plain: { fails: 99 } } } as const;
const refused = { steps: { plain: { fails: 99, by: "deadLetter" } } } as const;
const killer = { steps: { plain: { fails: 99, by: "kill" } } } as const;

const poisonRuns = [
  run("m1", "plain", 10, 20, { ends: "failed" }),
  run("m1", "plain", 120, 130, { attempt: 2, ends: "failed" }),
  run("m1", "plain", 330, 340, { attempt: 3, ends: "failed" }),
];

test("a history without violations has no findings", () => {
  const found = findingsOf(
    sent("m1", 0),
    run("m1", "plain", 5, 8),
    sent("m2", 10, { to: "news", key: "k" }),
    run("m2", "news/a", 15, 16),
    run("m2", "news/b", 15, 18, { life: "worker-2.1" }),
    sent("m3", 20, strict),
    sent("m4", 21, strict),
    run("m3", "strict", 30, 40),
    run("m4", "strict", 40, 50),
    left("plain", 0),
  );
  expect(found).toEqual([]);
});

test("messages that fail, are dead-lettered, delayed or refused as they must have no findings", () => {
  const found = findingsOf(
    sent("m1", 0, poison),
    ...poisonRuns,
    dead("m1", "plain", "attempts-exhausted", 3),
    sent("m2", 0, refused),
    run("m2", "plain", 10, 11, { ends: "refused" }),
    dead("m2", "plain", "refused", 1),
    sent("m3", 0, { delay: 500 }),
    run("m3", "plain", 500, 501),
    sent("m4", 0, { steps: { plain: { fails: 1, by: "retry", delay: 50 } } }),
    run("m4", "plain", 10, 20, { ends: "failed", delay: 50 }),
    run("m4", "plain", 70, 80, { attempt: 2 }),
  );
  expect(found).toEqual([]);
});

test("lost: a confirmed message that no handler finished", () => {
  const never = sent("m1", 0);
  expect(findingsOf(never)).toEqual(["lost: m1 was confirmed and after 0 runs never settled on plain"]);
  const unfinished = run("m1", "plain", 10, 20, { ends: "never" });
  expect(findingsOf(never, unfinished)).toEqual(["lost: m1 was confirmed and after 1 runs never settled on plain"]);
});

test("lost: a published message that one of the subscriptions never had", () => {
  const found = findingsOf(sent("m1", 0, { to: "news", key: "k" }), run("m1", "news/a", 10, 20));
  expect(found).toEqual(["lost: m1 was confirmed and after 0 runs never settled on news/b"]);
});

test("lost: a message that was given up and is not among the dead letters", () => {
  const found = findingsOf(sent("m1", 0, poison), ...poisonRuns);
  expect(found).toEqual(["lost: m1 was confirmed and after 3 runs never found in the dead letters on plain"]);
});

test("a message whose send rejected, or never ended, is not lost", () => {
  const call = sent("m1", 0).slice(0, 1);
  const rejected = fact(5, { type: "rejected", message: "m1", code: "TIMEOUT", outcomeUnknown: true });
  expect(findingsOf(call, rejected)).toEqual([]);
});

test("stuck: a confirmed message that is not settled while its source is not empty", () => {
  expect(findingsOf(sent("m1", 0), left("plain", 1))).toEqual([
    "stuck: m1 was confirmed and after 0 runs never settled on plain",
    "stuck: plain has 1 ready, 0 delayed and 0 in flight after every consumer has closed",
  ]);
});

test("stuck: a send that neither resolves nor rejects", () => {
  expect(findingsOf(sent("m1", 0).slice(0, 1))).toEqual(["stuck: the send of m1 neither resolved nor rejected"]);
});

test("stuck: a step of the soak that did not end", () => {
  expect(findingsOf(fact(5, { type: "stuck", what: "the start of worker-1" }))).toEqual([
    "stuck: the start of worker-1",
  ]);
});

test("stuck: a worker that handles nothing after the last fault", () => {
  const found = findingsOf(sent("m1", 0), fact(2, { type: "calm" }), run("m1", "plain", 10, 20));
  expect(found).toEqual(["stuck: worker-2 handled nothing after the last fault"]);
});

test("early: a message before its delay", () => {
  const found = findingsOf(sent("m1", 0, { delay: 500 }), run("m1", "plain", 400, 401));
  expect(found).toEqual(["early: attempt 1 of m1 began 100 ms early on plain"]);
});

test("early: an attempt before the backoff of the policy, or before the delay that the handler asked for", () => {
  const failing = { steps: { plain: { fails: 1 } } };
  const policy = findingsOf(
    sent("m1", 0, failing),
    run("m1", "plain", 10, 20, { ends: "failed" }),
    run("m1", "plain", 60, 70, { attempt: 2 }),
  );
  expect(policy).toEqual(["early: attempt 2 of m1 began 60 ms early on plain"]);
  const asked = findingsOf(
    sent("m1", 0, failing),
    run("m1", "plain", 10, 20, { ends: "failed", delay: 1_000 }),
    run("m1", "plain", 130, 140, { attempt: 2 }),
  );
  expect(asked).toEqual(["early: attempt 2 of m1 began 890 ms early on plain"]);
});

test("early: a backoff counts from the earliest failure of the attempt before, as there may be two copies", () => {
  const found = findingsOf(
    fault("cut", "driver", 0, 1),
    sent("m1", 0, { steps: { plain: { fails: 1 } } }),
    run("m1", "plain", 10, 20, { ends: "failed" }),
    run("m1", "plain", 100, 110, { ends: "failed" }),
    run("m1", "plain", 120, 130, { attempt: 2 }),
    run("m1", "plain", 210, 220, { attempt: 2 }),
  );
  expect(found).toEqual([]);
});

test("order: a message that begins before an earlier one of its key is done", () => {
  const found = findingsOf(
    sent("m1", 0, strict),
    sent("m2", 1, strict),
    run("m2", "strict", 10, 20),
    run("m1", "strict", 30, 40),
  );
  expect(found).toEqual(["order: m2 of key k began 30 ms before m1 was done on strict"]);
});

test("order: a message that begins while an earlier one of its key waits for its next attempt", () => {
  const found = findingsOf(
    sent("m1", 0, { ...strict, steps: { strict: { fails: 1 } } }),
    sent("m2", 1, strict),
    run("m1", "strict", 10, 20, { ends: "failed" }),
    run("m2", "strict", 30, 40),
    run("m1", "strict", 120, 130, { attempt: 2 }),
  );
  expect(found).toEqual(["order: m2 of key k began 100 ms before m1 was done on strict"]);
});

test("order: a fault is no excuse", () => {
  const found = findingsOf(
    fault("kill", "server", 2, 5),
    sent("m1", 0, strict),
    sent("m2", 1, strict),
    run("m2", "strict", 10, 20),
    run("m1", "strict", 30, 40),
  );
  expect(found).toHaveLength(1);
});

test("order is not asked for between keys, of a delayed message, of a rejected send, or of an unordered source", () => {
  const rejected = [
    ...sent("m7", 0, strict).slice(0, 1),
    ...fact(2, { type: "rejected", message: "m7", code: "TIMEOUT", outcomeUnknown: true }),
  ];
  const found = findingsOf(
    sent("m1", 0, { to: "strict", key: "one" }),
    sent("m2", 1, { to: "strict", key: "two" }),
    run("m2", "strict", 10, 20),
    run("m1", "strict", 30, 40),
    sent("m3", 0, { to: "strict", key: "three", delay: 30 }),
    sent("m4", 1, { to: "strict", key: "three" }),
    run("m4", "strict", 10, 20),
    run("m3", "strict", 30, 40),
    sent("m5", 0, { key: "k" }),
    sent("m6", 1, { key: "k" }),
    run("m6", "plain", 10, 20),
    run("m5", "plain", 30, 40),
    rejected,
    sent("m8", 1, strict),
    run("m8", "strict", 10, 20),
    run("m7", "strict", 30, 40),
  );
  expect(found).toEqual([]);
});

test("order: a message that is handled once more after it was done overtakes nothing", () => {
  const found = findingsOf(
    fault("cut", "worker-1.1", 15, 16),
    sent("m1", 0, strict),
    sent("m2", 1, strict),
    run("m1", "strict", 10, 20),
    run("m2", "strict", 21, 30),
    run("m1", "strict", 40, 50),
    run("m2", "strict", 50, 60),
  );
  expect(found).toEqual([]);
});

const twoAtOnce = [
  sent("m1", 0, strict),
  sent("m2", 1, strict),
  run("m1", "strict", 10, 20),
  run("m1", "strict", 5_000, 7_000, { life: "worker-2.1" }),
  run("m2", "strict", 6_000, 6_500, { life: "worker-1.1" }),
];
const overlap = "overlap: m1 in worker-2.1 and m2 in worker-1.1 were handled at the same time, both of key k on strict";

test("overlap: two handlers of one key at once", () => {
  expect(findingsOf(...twoAtOnce)).toEqual([overlap]);
});

test("overlap: excused only when the first process was disturbed meanwhile, or the second at its beginning", () => {
  expect(findingsOf(...twoAtOnce, fault("stop", "worker-2.1", 5_100, 5_900))).toEqual([]);
  expect(findingsOf(...twoAtOnce, fault("stop", "worker-1.1", 4_000, 5_000))).toEqual([]);
  expect(findingsOf(...twoAtOnce, fault("kill", "server", 4_000, 5_000))).toEqual([]);
  expect(findingsOf(...twoAtOnce, fact(5_900, { type: "late", ms: 500 }, "worker-2.1"))).toEqual([]);
  // More than a lease and a second before; a process that has nothing to do with it; after the second run had begun.
  expect(findingsOf(...twoAtOnce, fault("stop", "worker-1.1", 1_000, 2_000))).toEqual([overlap]);
  expect(findingsOf(...twoAtOnce, fault("stop", "worker-3.1", 5_100, 5_900))).toEqual([overlap]);
  expect(findingsOf(...twoAtOnce, fault("stop", "worker-2.1", 6_100, 6_200))).toEqual([overlap]);
});

test("overlap: a process that joins is no excuse, whatever became of the one before it", () => {
  const found = findingsOf(
    fault("redeploy", "worker-1.1", 100, 5_900),
    sent("m1", 0, strict),
    run("m1", "strict", 5_950, 6_500, { life: "worker-2.1" }),
    run("m1", "strict", 6_100, 6_700, { life: "worker-1.2" }),
  );
  expect(found).toEqual([
    "overlap: m1 in worker-2.1 and m1 in worker-1.2 were handled at the same time, both of key k on strict",
  ]);
});

test("overlap: within one process there is no excuse", () => {
  const found = findingsOf(
    fault("cut", "worker-1.1", 5, 6),
    sent("m1", 0, strict),
    run("m1", "strict", 10, 30),
    run("m1", "strict", 20, 40),
  );
  expect(found).toEqual([
    "overlap: m1 in worker-1.1 and m1 in worker-1.1 were handled at the same time, both of key k on strict",
  ]);
});

test("overlap: a delayed message is left out where it does not hold its key", () => {
  const delayed = [
    sent("m1", 0, { ...strict, delay: 5 }),
    sent("m2", 1, strict),
    run("m1", "strict", 10, 20),
    run("m2", "strict", 15, 25, { life: "worker-2.1" }),
  ];
  expect(check(historyOf(delayed))).toHaveLength(1);
  expect(check(historyOf(delayed, { delayedKeepKeys: false }))).toEqual([]);
});

test("overlap: the handler of a killed process ends with it", () => {
  const found = findingsOf(
    sent("m1", 0, strict),
    run("m1", "strict", 10, 0, { ends: "never" }),
    fault("kill", "worker-1.1", 20, 30),
    run("m1", "strict", 25, 40, { life: "worker-2.1" }),
  );
  expect(found).toEqual([]);
});

test("attempts: a first delivery, or one that no handler failed, that counts as a failure", () => {
  const found = findingsOf(
    fault("cut", "worker-1.1", 15, 16),
    sent("m1", 0),
    run("m1", "plain", 10, 20, { ends: "never" }),
    run("m1", "plain", 30, 40, { attempt: 2 }),
  );
  expect(found).toEqual(["attempts: attempt 2 after 0 failures of m1 on plain"]);
});

test("attempts: more than the policy has", () => {
  const found = findingsOf(
    sent("m1", 0, { steps: { plain: { fails: 3 } } }),
    ...poisonRuns,
    run("m1", "plain", 600, 610, { attempt: 4 }),
    dead("m1", "plain", "attempts-exhausted", 3),
  );
  expect(found).toEqual(["attempts: attempt 4, more than the policy's 3, of m1 on plain"]);
});

const forgotten = [
  sent("m1", 0, { steps: { plain: { fails: 1 } } }),
  run("m1", "plain", 10, 20, { ends: "failed" }),
  run("m1", "plain", 130, 140, { ends: "failed", life: "worker-2.1" }),
  run("m1", "plain", 250, 260, { attempt: 2 }),
];

test("attempts: a failure that is forgotten", () => {
  expect(findingsOf(...forgotten)).toEqual(["attempts: attempt 1 after attempt 1 (failed) of m1 on plain"]);
});

test("attempts: a failure may be forgotten with a process that was disturbed, and by a second copy", () => {
  expect(findingsOf(...forgotten, fault("kill", "worker-1.1", 21, 30))).toEqual([]);
  expect(findingsOf(...forgotten, fault("kill", "server", 21, 30))).toEqual([]);
  expect(findingsOf(...forgotten, fault("cut", "driver", 0, 1))).toEqual([]);
  expect(findingsOf(...forgotten, fault("kill", "worker-3.1", 21, 30))).toHaveLength(1);
});

test("attempts: a delayed message may have been copied by any process", () => {
  const delayed = [sent("m1", 0, { delay: 5, steps: { plain: { fails: 1 } } }), ...forgotten.slice(1)];
  expect(findingsOf(...delayed)).toHaveLength(1);
  expect(findingsOf(...delayed, fault("kill", "worker-3.1", 1, 2))).toEqual([]);
});

const inPlace = (second: string): readonly (readonly Event[])[] => [
  sent("m1", 0, { ...strict, steps: { strict: { fails: 1 } } }),
  run("m1", "strict", 10, 20, { ends: "failed" }),
  run("m1", "strict", 3_000, 3_001, { ends: "failed", life: second }),
  run("m1", "strict", 4_000, 4_001, { attempt: 2, life: second }),
];

test("attempts: another process may forget failures in place, unless they outlive the consumer", () => {
  const findings = (keepsProgress: boolean, ...more: readonly (readonly Event[])[]): number =>
    check(historyOf([...inPlace("worker-2.1"), ...more], { keepsProgress })).length;
  expect(findings(false)).toBe(0);
  expect(findings(true)).toBe(1);
  expect(findings(true, fault("kill", "worker-1.1", 21, 22))).toBe(0);
  expect(findings(true, fault("kill", "worker-2.1", 21, 22))).toBe(1);
});

test("attempts: the same process may forget a failure in place only if it did not hold the message any more", () => {
  const same = inPlace("worker-1.1");
  expect(findingsOf(...same)).toHaveLength(1);
  expect(findingsOf(...same, fault("cut", "worker-1", 1_000, 1_001))).toHaveLength(1);
  expect(findingsOf(...same, fault("cut", "worker-1", 15, 16))).toEqual([]);
});

test("attempts: another process may forget what failed while consumers came and went, where that cannot be noted", () => {
  const moved = [...inPlace("worker-2.1"), fault("redeploy", "worker-3.1", 5, 15)];
  expect(check(historyOf(moved, { keepsProgress: true, rebalances: true }))).toEqual([]);
  expect(check(historyOf(moved, { keepsProgress: true }))).toHaveLength(1);
  const still = inPlace("worker-2.1");
  expect(check(historyOf(still, { keepsProgress: true, rebalances: true }))).toHaveLength(1);
});

test("attempts: a message that comes again after its last attempt is a second copy", () => {
  const last = run("m1", "plain", 10, 11, { ends: "failed", attempt: 3 });
  const again = run("m1", "plain", 20, 21, { ends: "failed", attempt: 1 });
  expect(findingsOf(sent("m1", 0, poison), last, again).filter((text) => text.includes("attempt 1 after"))).toEqual([]);
});

test("attempts: a server that was killed may forget that it delivered the message, unless failures outlive the consumer", () => {
  const killed = [...inPlace("worker-1.1"), fault("kill", "server", 100, 200)];
  expect(check(historyOf(killed, { keepsProgress: false }))).toEqual([]);
  expect(check(historyOf(killed, { keepsProgress: true }))).toHaveLength(1);
});

test("dead-letter: a good message among them", () => {
  const found = findingsOf(sent("m1", 0), run("m1", "plain", 10, 20), dead("m1", "plain", "attempts-exhausted", 3));
  expect(found).toEqual([
    "dead-letter: m1 among the dead letters of plain must not be there: reason attempts-exhausted, 0 failures",
  ]);
});

test("dead-letter: one that was given up too soon", () => {
  const found = findingsOf(
    sent("m1", 0, poison),
    ...poisonRuns.slice(0, 2),
    dead("m1", "plain", "attempts-exhausted", 3),
  );
  expect(found).toEqual(["dead-letter: m1 among the dead letters of plain was given up after 2 failures, not 3"]);
});

test.each([
  ["has the reason expired, not attempts-exhausted", "expired", 3],
  ["has 2 attempts, not 3", "attempts-exhausted", 2],
  ["does not say how many attempts were made", "attempts-exhausted", undefined],
] as const)("dead-letter: one that %s", (text, reason, attempts) => {
  const found = findingsOf(sent("m1", 0, poison), ...poisonRuns, dead("m1", "plain", reason, attempts));
  expect(found).toEqual([`dead-letter: m1 among the dead letters of plain ${text}`]);
});

test("dead-letter: a refused message with an attempt at which no handler refused it", () => {
  const found = findingsOf(
    sent("m1", 0, refused),
    run("m1", "plain", 10, 11, { ends: "refused" }),
    dead("m1", "plain", "refused", 2),
  );
  expect(found).toEqual([
    "dead-letter: m1 among the dead letters of plain has 2 attempts, and no handler refused it at that attempt",
  ]);
});

test("dead-letter: one that had to die anyway may look like a crash loop after 12 faults, an innocent one never", () => {
  const cuts = (count: number): readonly (readonly Event[])[] =>
    Array.from({ length: count }, (_, index) => fault("cut", "worker-1.1", 20 + index, 20 + index));
  const gaveUp = fact(50, { type: "gave-up", source: "plain", message: "m1", reason: "crash-loop" });
  const letter = dead("m1", "plain", "crash-loop", 1);
  const found = (count: number): readonly string[] => findingsOf(sent("m1", 0, poison), ...cuts(count), gaveUp, letter);
  expect(found(12)).toEqual([]);
  const text = "dead-letter: m1 among the dead letters of plain";
  expect(found(11)).toEqual([`${text} has the reason crash-loop, not attempts-exhausted`]);
  expect(findingsOf(sent("m1", 0, poison), ...cuts(12), letter)).toHaveLength(1);
  expect(findingsOf(sent("m1", 0), ...cuts(12), gaveUp, letter, run("m1", "plain", 60, 61))).toEqual([
    `${text} must not be there: reason crash-loop, 0 failures`,
  ]);
});

test("dead-letter: the same twice, unless there was a fault", () => {
  const letter = dead("m1", "plain", "attempts-exhausted", 3);
  const twice = [sent("m1", 0, poison), ...poisonRuns, letter, letter];
  expect(findingsOf(...twice)).toEqual([
    "dead-letter: m1 among the dead letters of plain is there 2 times, without any fault",
  ]);
  expect(findingsOf(...twice, fault("cut", "worker-1.1", 335, 336))).toEqual([]);
});

test("crash-loop: a message that kills process after process", () => {
  const crashes = (count: number): readonly (readonly Event[])[] =>
    Array.from({ length: count }, (_, index) => {
      const life = `worker-1.${index + 1}`;
      return run("m1", "plain", 10 + index, 10 + index, { life, ends: "killing" });
    });
  const letter = dead("m1", "plain", "crash-loop", 1);
  expect(findingsOf(sent("m1", 0, killer), ...crashes(13), letter)).toEqual([]);
  expect(findingsOf(sent("m1", 0, killer), ...crashes(25), letter)).toEqual([
    "crash-loop: m1 killed 25 processes on plain, more than 24",
  ]);
});

test("outcome: a send that the server is said not to have, and has", () => {
  const call = sent("m1", 0).slice(0, 1);
  const rejected = fact(5, { type: "rejected", message: "m1", code: "TIMEOUT", outcomeUnknown: false });
  expect(findingsOf(call, rejected, run("m1", "plain", 10, 20))).toEqual([
    "outcome: the send of m1 rejected with outcomeUnknown: false, and plain had the message",
  ]);
});

test("rejected: a send that gives up more than 5 s after an outage was over", () => {
  const call = sent("m1", 0).slice(0, 1);
  const rejected = fact(30_000, { type: "rejected", message: "m1", code: "TIMEOUT", outcomeUnknown: false });
  expect(findingsOf(call, rejected, fault("kill", "server", 100, 22_000))).toEqual([
    "rejected: the send of m1 rejected with TIMEOUT, after 6000 ms in which everything worked",
  ]);
  expect(findingsOf(call, rejected, fault("kill", "server", 100, 24_000))).toEqual([]);
  // The lease and a second are part of the outage: until then a client may not have noticed it.
  const both = [fault("kill", "server", 100, 12_000), fault("stall", "driver", 17_000, 24_000)];
  expect(findingsOf(call, rejected, ...both)).toEqual([]);
});

test("unexpected: a process or a consumer that ends on its own, and a message that was never sent", () => {
  const found = findingsOf(
    fact(5, { type: "ended", life: "worker-1.1", planned: false, how: "1" }),
    fact(6, { type: "ended", life: "worker-2.1", planned: true, how: "SIGKILL" }),
    fact(7, { type: "closed", source: "plain", reason: "UNAUTHORIZED" }, "worker-2.1"),
    run("m9", "plain", 10, 20),
    dead("m8", "plain", "attempts-exhausted", 3),
  );
  expect(found).toEqual([
    "unexpected: worker-1.1 ended on its own: 1",
    "unexpected: the consumer of plain in worker-2.1 closed: UNAUTHORIZED",
    "unexpected: a handler of plain got m9, which was never sent there",
    "unexpected: plain has a dead letter m8 that was never sent there",
  ]);
});

test("each kind of finding has a test", ({ task }) => {
  const titles = task.file.tasks.map(({ name }) => name);
  const without = FINDING_KINDS.filter((kind: FindingKind) => !titles.some((title) => title.startsWith(`${kind}: `)));
  expect(without).toEqual([]);
});
