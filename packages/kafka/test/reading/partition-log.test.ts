import { expect, test } from "vitest";
import { emptyLog, logOf, offsetsOf, partition, record, takeAll, takeOne } from "./logs.ts";

test("a log commits up to the first unsettled message, whatever the order of the settlements", () => {
  const log = logOf([0, 1, 2, 3]);
  const [a, b, c, d] = [takeOne(log), takeOne(log), takeOne(log), takeOne(log)];
  log.settle(c);
  log.settle(b);
  expect(log.firstUnsettled).toBe(0);
  log.settle(a);
  expect(log.firstUnsettled).toBe(3);
  log.settle(d);
  expect(log.firstUnsettled).toBe(4);
});

test("offsets without a message are no gap", () => {
  const log = logOf([3, 7], { from: 1, next: 10 });
  expect(log.firstUnsettled).toBe(3);
  for (const one of takeAll(log)) log.settle(one);
  expect(log.firstUnsettled).toBe(10);
  expect(log.position).toBe(10);
});

test("a released message is delivered again in its place, as another delivery", () => {
  const log = logOf([0, 1, 2]);
  const [a, b] = [takeOne(log), takeOne(log)];
  log.release(b);
  log.release(a);
  expect([a.held, b.held]).toEqual([false, false]);
  expect(offsetsOf(takeAll(log))).toEqual([0, 1, 2]);
});

test("a revoked log returns the deliveries that the core held, and takes them away", () => {
  const log = logOf([0, 1, 2]);
  const [a, b] = [takeOne(log), takeOne(log)];
  log.settle(a);
  expect(log.revoke()).toEqual([b]);
  expect(b.held).toBe(false);
});

test("a log has no room while many bytes wait, or while many messages are unsettled", () => {
  const long = logOf(Array.from({ length: 10_001 }, (_, offset) => offset));
  expect(long.hasRoom).toBe(false);
  const all = takeAll(long);
  expect(long.hasRoom).toBe(false);
  for (const one of all) long.settle(one);
  expect(long.hasRoom).toBe(true);
  const large = emptyLog();
  large.append({ ...partition, error: undefined, next: 1, records: [record(0, { value: Buffer.alloc(2_000_000) })] });
  expect(large.hasRoom).toBe(false);
  large.take();
  expect(large.hasRoom).toBe(true);
});

test("a message in a delay topic is due after the delay, or earlier if it says so", () => {
  const log = emptyLog({ delay: 5_000 });
  const early = record(1, { headers: { "anybroker-not-before": Buffer.from("3000") } });
  const late = record(2, { headers: { "anybroker-not-before": Buffer.from("999999") } });
  log.append({ ...partition, error: undefined, next: 3, records: [record(0), early, late] });
  expect(log.nextDue).toBe(6_000);
  log.take();
  expect(log.nextDue).toBe(3_000);
  log.take();
  expect(log.nextDue).toBe(6_000);
  log.take();
  expect(log.nextDue).toBeUndefined();
});

test("a long run of settled messages is not kept", () => {
  const log = emptyLog();
  for (let round = 0; round < 50; round += 1) {
    const from = round * 100;
    const records = Array.from({ length: 100 }, (_, index) => record(from + index));
    log.append({ ...partition, error: undefined, next: from + 100, records });
    const taken = takeAll(log);
    expect(offsetsOf(taken)).toEqual(records.map(({ offset }) => offset));
    for (const one of taken.toReversed()) log.settle(one);
    expect(log.firstUnsettled).toBe(from + 100);
  }
});

test("what waits before an offset that the server has deleted is dropped, and what the core holds stays", () => {
  const log = logOf([0, 1, 2, 3, 4, 5]);
  const [a, b, c] = [takeOne(log), takeOne(log), takeOne(log)];
  log.release(b);
  log.settle(c);
  log.dropBefore(5);
  expect(a.held).toBe(true);
  expect(offsetsOf(takeAll(log))).toEqual([5]);
  log.settle(a);
  expect(log.firstUnsettled).toBe(5);
});

test("a log that may have to be given up keeps the note of what is exposed while a suspect has its handler", () => {
  const log = logOf([0, 1]);
  log.evidence.beginMarking();
  log.evidence.marked();
  const suspect = takeOne(log);
  expect(log.uncommittedOnLeaving).toBeUndefined();
  log.noteExposed(new Set([suspect]));
  expect(log.uncommittedOnLeaving?.metadata).toBe("anybroker:me::::0");
  log.settle(suspect);
  expect(log.uncommittedOnLeaving?.metadata).toBe("");
});
