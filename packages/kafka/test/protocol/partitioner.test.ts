import { Partitioners } from "kafkajs";
import { expect, test } from "vitest";
import { partitionOf } from "../../src/protocol/partitioner.ts";

test("a key has the partition that Kafka's own clients choose", () => {
  const partitionMetadata = Array.from({ length: 97 }, (_, partitionId) => ({
    partitionId,
    leader: 1,
    partitionErrorCode: 0,
    replicas: [1],
    isr: [1],
  }));
  const theirs = Partitioners.DefaultPartitioner();
  for (let length = 0; length < 200; length += 1) {
    const key = Buffer.from(Array.from({ length }, (_, index) => (index * 37 + length * 101) % 256));
    expect(partitionOf(key, 97)).toBe(theirs({ topic: "t", message: { key, value: null }, partitionMetadata }));
  }
  expect(partitionOf("ü-7", 97)).toBe(partitionOf(Buffer.from("ü-7"), 97));
});
