import { expect, test } from "vitest";
import type { MemberMetadata } from "../../src/protocol/group-protocol.ts";
import type { TopicPartition } from "../../src/protocol/topic-partition.ts";
import { assignPartitions } from "../../src/reading/assignor.ts";

const places = (topic: string, ...partitions: readonly number[]): TopicPartition[] =>
  partitions.map((partition) => ({ topic, partition }));

function wishes(all: Readonly<Record<string, Partial<MemberMetadata>>>): ReadonlyMap<string, MemberMetadata> {
  return new Map(Object.entries(all).map(([id, wish]) => [id, { topics: ["q"], owned: [], inUse: [], ...wish }]));
}

test("partitions are assigned evenly, each to one member", () => {
  const shares = assignPartitions(wishes({ a: {}, b: {}, c: {} }), new Map([["q", 8]]));
  expect([...shares.values()].map(({ length }) => length).sort((one, other) => one - other)).toEqual([2, 3, 3]);
  expect(new Set([...shares.values()].flat().map(({ partition }) => partition)).size).toBe(8);
});

test("members keep their partitions, as far as that is even", () => {
  const alone = assignPartitions(wishes({ a: {} }), new Map([["q", 6]]));
  const owned = alone.get("a") ?? [];
  const two = assignPartitions(wishes({ a: { owned }, b: {} }), new Map([["q", 6]]));
  expect(two.get("a")).toEqual(owned.slice(0, 3));
  const back = assignPartitions(wishes({ b: { owned: two.get("b") ?? [] } }), new Map([["q", 6]]));
  expect(back.get("b")?.slice(0, 3)).toEqual(two.get("b"));
  expect(back.get("b")).toHaveLength(6);
});

test("topics of one partition are spread over the members", () => {
  const topics = ["q", "q.retry.250", "q.retry.1000", "q.retry.5000", "q.retry.30000"];
  const partitions = new Map(topics.map((topic, index) => [topic, index === 0 ? 2 : 1]));
  const shares = assignPartitions(wishes({ a: { topics }, b: { topics } }), partitions);
  expect([...shares.values()].map(({ length }) => length)).toEqual([3, 3]);
});

test("a topic that only some members read is assigned to those", () => {
  const partitions = new Map([
    ["q", 2],
    ["q.retry.250", 1],
  ]);
  const shares = assignPartitions(wishes({ a: { topics: ["q"] }, b: { topics: ["q", "q.retry.250"] } }), partitions);
  expect(shares.get("b")).toContainEqual({ topic: "q.retry.250", partition: 0 });
  expect(shares.get("a")).toHaveLength(1);
});

test("a partition that two members claim to own is assigned to one of them", () => {
  const owned = places("q", 0, 1);
  const shares = assignPartitions(wishes({ a: { owned }, b: { owned } }), new Map([["q", 2]]));
  expect([...shares.values()].flat()).toHaveLength(2);
});

test("what a member has in use goes to no other, until that member has given it up", () => {
  const owned = places("q", 0, 1, 2, 3);
  const partitions = new Map([["q", 4]]);
  const first = assignPartitions(wishes({ a: { owned, inUse: places("q", 0, 2) }, b: {} }), partitions);
  expect(first.get("a")).toEqual(places("q", 0, 1));
  expect(first.get("b")).toEqual(places("q", 3));
  const second = assignPartitions(
    wishes({ a: { owned: places("q", 0, 1) }, b: { owned: places("q", 3) } }),
    partitions,
  );
  expect(second.get("b")).toEqual(places("q", 3, 2));
});
