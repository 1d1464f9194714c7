import type * as core from "@anybroker/core/driver";
import { END } from "../cluster/cluster.ts";
import { type Group, isDeleted } from "../cluster/group.ts";
import type { LinkState } from "../cluster/link-state.ts";
import type { CommittedOffset } from "../protocol/requests.ts";
import type { TopicPartition } from "../protocol/topic-partition.ts";
import { publishedTopics } from "../topology.ts";

/**
 * The offsets of a subscription's group as if everything published so far were handled. Delayed messages that are not due
 * yet are not. Empty if there is no such subscription: a commit would create it.
 */
export async function offsetsAtEnd(
  { cluster, naming, context }: LinkState,
  group: Group,
  topic: core.TopicEntity,
  signal: AbortSignal,
): Promise<readonly CommittedOffset[]> {
  const delays = new Map(publishedTopics({ topic }, naming).map((one) => [one.topic, one.delay]));
  const partitions = await cluster.existingPartitions([...delays.keys()], signal);
  const offsets = await group.committedOffsets(partitions, signal);
  const committed = offsets.filter((one) => one.offset >= 0 && !isDeleted(one));
  const now = Math.floor(context.clock.now());
  const endOf = (one: TopicPartition): number => {
    const delay = delays.get(one.topic) ?? 0;
    return delay === 0 ? END : now - delay;
  };
  const ends = await cluster.offsetsAt(committed, endOf, signal);
  return committed.map((one, index) => ({ ...one, offset: Math.max(one.offset, ends[index] ?? 0), metadata: "" }));
}
