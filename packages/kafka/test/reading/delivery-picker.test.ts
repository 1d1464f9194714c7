import { expect, test } from "vitest";
import { AssignedPartitions } from "../../src/reading/assigned-partitions.ts";
import { DeliveryPicker } from "../../src/reading/delivery-picker.ts";
import { record } from "./logs.ts";

/** Partitions of one topic, each with as many messages as given, which a source has just begun to read. */
function partitionsWith(counts: readonly number[], { delay = 0 } = {}): AssignedPartitions {
  const partitions = new AssignedPartitions([{ topic: "t", delay }], "me");
  partitions.add(counts.map((_, partition) => ({ topic: "t", partition, offset: 0, metadata: "" })));
  for (const [partition, log] of partitions.all.entries()) {
    const count = counts[partition] ?? 0;
    const records = Array.from({ length: count }, (_, offset) => record(offset, { partition }));
    log.append({ topic: "t", partition, error: undefined, next: count, records });
  }
  return partitions;
}

const positions = (deliveries: readonly { readonly position: string }[]): readonly string[] =>
  deliveries.map(({ position }) => position);

test("partitions take turns, and one that has nothing more is passed over", () => {
  const picker = new DeliveryPicker(partitionsWith([1, 3]), false);
  expect(positions(picker.pick(10, 0).deliveries)).toEqual(["t/0/0", "t/1/0", "t/1/1", "t/1/2"]);
});

test("no more is delivered than is asked for, and the next call goes on with the next partition", () => {
  const picker = new DeliveryPicker(partitionsWith([2, 2]), false);
  expect(positions(picker.pick(3, 0).deliveries)).toEqual(["t/0/0", "t/1/0", "t/0/1"]);
  expect(positions(picker.pick(3, 0).deliveries)).toEqual(["t/1/1"]);
});

test("a message that is not due yet waits", () => {
  const partitions = partitionsWith([1], { delay: 250 });
  const picker = new DeliveryPicker(partitions, false);
  expect(picker.pick(1, 1_249).deliveries).toEqual([]);
  expect(partitions.nextDueAfter(1_249)).toBe(1_250);
  expect(positions(picker.pick(1, 1_250).deliveries)).toEqual(["t/0/0"]);
});

test("where evidence is kept, the owner must be noted before anything is delivered", () => {
  const partitions = partitionsWith([2, 2]);
  const picker = new DeliveryPicker(partitions, true);
  const { deliveries, unmarked } = picker.pick(10, 0);
  expect(deliveries).toEqual([]);
  expect(unmarked).toEqual(partitions.all);
  for (const { evidence } of unmarked) evidence.beginMarking();
  expect(picker.pick(10, 0)).toEqual({ deliveries: [], unmarked: [] });
  for (const { evidence } of unmarked) evidence.marked();
  expect(picker.pick(10, 0).deliveries).toHaveLength(4);
});
