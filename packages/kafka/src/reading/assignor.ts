import type { MemberMetadata } from "../protocol/group-protocol.ts";
import { partitionName, type TopicPartition } from "../protocol/topic-partition.ts";

/** Outweighs any number of partitions that a member has of other topics. */
const SAME_TOPIC_WEIGHT = 1_000_000;

/**
 * Assigns the partitions of each topic evenly to the members that read the topic. Members keep the partitions they
 * own, first ones first, as far as that is even. Members may read different topics: each partition of a topic with a
 * reader has an owner, except that what one member has in use goes to no other. That member asks for another rebalance
 * when it has given the partition up.
 */
export function assignPartitions(
  members: ReadonlyMap<string, MemberMetadata>,
  partitionCounts: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly TopicPartition[]> {
  const assigned = new Map<string, TopicPartition[]>([...members.keys()].sort().map((id) => [id, []]));
  const largestFirst = [...partitionCounts].sort(([, one], [, other]) => other - one);
  for (const [topic, count] of largestFirst) {
    const readers = [...assigned.keys()].filter((id) => members.get(id)?.topics.includes(topic));
    if (readers.length === 0) continue;
    const free = new Set(Array.from({ length: count }, (_, partition) => partition));
    const ofTopic = keepOwned(topic, readers, members, free);
    const load = (id: string): number =>
      (ofTopic.get(id)?.length ?? 0) * SAME_TOPIC_WEIGHT + (assigned.get(id)?.length ?? 0);
    for (const partition of free) {
      const id = readers.reduce((least, other) => (load(other) < load(least) ? other : least));
      ofTopic.get(id)?.push(partition);
    }
    for (const [id, partitions] of ofTopic) {
      assigned.get(id)?.push(...partitions.map((partition) => ({ topic, partition })));
    }
  }
  const user = new Map(
    [...members].flatMap(([id, { inUse }]) => inUse.map((one) => [partitionName(one), id] as const)),
  );
  const mayHave = (id: string, one: TopicPartition): boolean => (user.get(partitionName(one)) ?? id) === id;
  return new Map([...assigned].map(([id, partitions]) => [id, partitions.filter((one) => mayHave(id, one))]));
}

/** The partitions of one topic that each reader keeps. They are removed from `free`. */
function keepOwned(
  topic: string,
  readers: readonly string[],
  members: ReadonlyMap<string, MemberMetadata>,
  free: Set<number>,
): ReadonlyMap<string, number[]> {
  const kept = new Map<string, number[]>(readers.map((id) => [id, []]));
  // Each reader keeps what divides evenly. Readers that own more keep one of the remaining partitions, while there are
  // any.
  const even = Math.floor(free.size / readers.length);
  let remaining = free.size % readers.length;
  for (const id of readers) {
    const owned = members.get(id)?.owned.filter((one) => one.topic === topic && free.has(one.partition)) ?? [];
    const keepsOneMore = owned.length > even && remaining > 0;
    if (keepsOneMore) remaining -= 1;
    for (const { partition } of owned.slice(0, keepsOneMore ? even + 1 : even)) {
      free.delete(partition);
      kept.get(id)?.push(partition);
    }
  }
  return kept;
}
