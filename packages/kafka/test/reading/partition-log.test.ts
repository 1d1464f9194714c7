import { expect, test } from "vitest";
import type { KafkaRecord } from "../../src/protocol/records.ts";
import { type HeldDelivery, PartitionLog } from "../../src/reading/partition-log.ts";

const place = { topic: "t", partition: 0 };

function record(offset: number, fields: Partial<KafkaRecord> = {}): KafkaRecord {
  return { ...place, offset, timestamp: 1_000, key: null, value: Buffer.from("x"), headers: {}, ...fields };
}

/** A log that begins at an offset, and has read these offsets. */
function reading(
  offsets: readonly number[],
  { from = 0, metadata = "", step = 0, next = (offsets.at(-1) ?? -1) + 1 } = {},
): PartitionLog {
  const log = new PartitionLog(place, step, from, metadata);
  const records = offsets.map((offset) => record(offset));
  log.push({ ...place, error: undefined, next, records });
  return log;
}

function takeAll(log: PartitionLog): readonly HeldDelivery[] {
  const all: HeldDelivery[] = [];
  for (let one = log.take(); one !== undefined; one = log.take()) all.push(one);
  return all;
}

const at = (deliveries: readonly HeldDelivery[]): readonly number[] => deliveries.map(({ native }) => native.offset);

test("it commits up to the first message that is not settled, whatever the order of the settlements", () => {
  const log = reading([0, 1, 2, 3]);
  const [a, b, c, d] = takeAll(log);
  if (a === undefined || b === undefined || c === undefined || d === undefined) throw new Error("four are there");
  log.done(c);
  log.done(b);
  expect(log.low).toBe(0);
  log.done(a);
  expect(log.low).toBe(3);
  log.done(d);
  expect(log.low).toBe(4);
});

test("offsets that no message has are no gap", () => {
  const log = reading([3, 7], { from: 1, next: 10 });
  expect(log.low).toBe(3);
  for (const one of takeAll(log)) log.done(one);
  expect(log.low).toBe(10);
  expect(log.position).toBe(10);
});

test("what is given back is handed out again, in its place, as another delivery", () => {
  const log = reading([0, 1, 2]);
  const [a, b] = [log.take(), log.take()];
  if (a === undefined || b === undefined) throw new Error("two are there");
  log.giveBack(b);
  log.giveBack(a);
  expect([a.held, b.held]).toEqual([false, false]);
  expect(at(takeAll(log))).toEqual([0, 1, 2]);
});

test("when it ends it says what was in somebody's hands, and nobody has that any more", () => {
  const log = reading([0, 1, 2]);
  const [a, b] = [log.take(), log.take()];
  if (a === undefined || b === undefined) throw new Error("two are there");
  log.done(a);
  expect(log.end()).toEqual([b]);
  expect(b.held).toBe(false);
});

test("it stops being hungry when much is waiting, and when much is unsettled", () => {
  const wide = reading(Array.from({ length: 10_001 }, (_, offset) => offset));
  expect(wide.hungry).toBe(false);
  const all = takeAll(wide);
  expect(wide.hungry).toBe(false);
  for (const one of all) wide.done(one);
  expect(wide.hungry).toBe(true);
  const heavy = new PartitionLog(place, 0, 0, "");
  heavy.push({ ...place, error: undefined, next: 1, records: [record(0, { value: Buffer.alloc(2_000_000) })] });
  expect(heavy.hungry).toBe(false);
  heavy.take();
  expect(heavy.hungry).toBe(true);
});

test("what is in a step of the ladder is due when the step is over, or sooner if it says so", () => {
  const log = new PartitionLog(place, 5_000, 0, "");
  const soon = record(1, { headers: { "anybroker-not-before": Buffer.from("3000") } });
  const late = record(2, { headers: { "anybroker-not-before": Buffer.from("999999") } });
  log.push({ ...place, error: undefined, next: 3, records: [record(0), soon, late] });
  expect(log.due).toBe(6_000);
  log.take();
  expect(log.due).toBe(3_000);
  log.take();
  expect(log.due).toBe(6_000);
  log.take();
  expect(log.due).toBeUndefined();
});

test("the first message after a crash counts the beginnings before it, and so do those that were begun with it", () => {
  const log = reading([5, 6, 7, 8], { from: 5, metadata: "anybroker:starts=3,2,8" });
  expect(takeAll(log).map(({ deliveries }) => deliveries)).toEqual([3, 2, 2, 0]);
});

test("the first message is also one whose offset is not the committed one", () => {
  const log = reading([7, 8], { from: 5, metadata: "anybroker:starts=3,0,5" });
  expect(takeAll(log).map(({ deliveries }) => deliveries)).toEqual([3, 0]);
});

test("what another program has written with the offset is no evidence", () => {
  expect(reading([5], { from: 5, metadata: "starts=3" }).starts).toBe(0);
});

test("a beginning is noted, taken back by one that leaves in good order, and forgotten behind the message", () => {
  const log = reading([5, 6], { from: 5, metadata: "anybroker:starts=3,0,5" });
  expect(log.commit(false)).toBeUndefined();
  log.begun = 6;
  expect(log.commit(false)).toEqual({ ...place, offset: 5, metadata: "anybroker:starts=4,0,5" });
  log.committed = log.commit(false) ?? log.committed;
  expect(log.commit(false)).toBeUndefined();
  expect(log.commit(true)).toEqual({ ...place, offset: 5, metadata: "anybroker:starts=3,0,5" });
  const first = log.take();
  if (first !== undefined) log.done(first);
  expect(log.commit(false)).toEqual({ ...place, offset: 6, metadata: "" });
});

test("with all that may be handed out, what is behind the first message is noted too", () => {
  const log = reading([5, 6, 7], { from: 5, metadata: "anybroker:starts=1,1,7" });
  log.begun = Number.POSITIVE_INFINITY;
  expect(log.commit(false)?.metadata).toBe("anybroker:starts=2,2,261");
  const [first, second] = takeAll(log);
  if (first !== undefined) log.done(first);
  expect(log.commit(false)?.metadata).toBe("anybroker:starts=2,1,262");
  if (second !== undefined) log.done(second);
  expect(log.commit(false)?.metadata).toBe("anybroker:starts=1,1,263");
  expect(log.commit(true)?.metadata).toBe("");
});

test("a long run of settled messages is not kept", () => {
  const log = new PartitionLog(place, 0, 0, "");
  for (let round = 0; round < 50; round += 1) {
    const from = round * 100;
    const records = Array.from({ length: 100 }, (_, index) => record(from + index));
    log.push({ ...place, error: undefined, next: from + 100, records });
    const taken = takeAll(log);
    expect(at(taken)).toEqual(records.map(({ offset }) => offset));
    for (const one of taken.toReversed()) log.done(one);
    expect(log.low).toBe(from + 100);
  }
});
