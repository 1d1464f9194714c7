import type * as core from "@anybroker/core/driver";
import { BEGINNING, END } from "./cluster/cluster.ts";
import { Group } from "./cluster/group.ts";
import type { LinkState } from "./cluster/link-state.ts";
import { DeadLetters } from "./dead-letters.ts";
import { requireEntity } from "./declare.ts";
import { partitionName } from "./protocol/topic-partition.ts";
import { sourceTopics } from "./topology.ts";

/** `Link.stats`: how many messages the group has not committed. */
export async function stats(state: LinkState, entity: core.SourceEntity, signal: AbortSignal): Promise<core.Stats> {
  const { cluster, naming, session } = state;
  await requireEntity(state, entity, signal);
  const topics = sourceTopics(entity, naming).map(({ topic }) => topic);
  const [main = ""] = topics;
  const partitions = await cluster.existingPartitions(topics, signal);
  const [committed, beginnings, ends] = await Promise.all([
    new Group(session, naming.source(entity)).committedOffsets(partitions, signal),
    cluster.offsetsAt(partitions, BEGINNING, signal),
    cluster.offsetsAt(partitions, END, signal),
  ]);
  const offsets = new Map(committed.map((one) => [partitionName(one), one.offset]));
  let ready = 0;
  let delayed = 0;
  for (const [index, partition] of partitions.entries()) {
    const handled = Math.max(offsets.get(partitionName(partition)) ?? -1, beginnings[index] ?? 0);
    const waiting = (ends[index] ?? 0) - handled;
    if (partition.topic === main) ready += waiting;
    else delayed += waiting;
  }
  const dead = await new DeadLetters(state, entity).count(signal);
  return { ready, delayed, inFlight: undefined, dead };
}
