import type { LinkState } from "../cluster/link-state.ts";
import { nameOf } from "../protocol/topic-partition.ts";
import { FOR_EVER } from "../topology.ts";
import type { PartitionLog } from "./partition-log.ts";

/** Milliseconds between two deletions of what its group is done with. */
const EVERY = 30_000;

/**
 * Lets the server delete what nobody needs any more, from time to time, out of topics that only this group reads.
 * Without the right to it stays. A queue's topic that is kept for a while only was made by others, who may read it too.
 */
export function purging(
  { session, cluster }: Pick<LinkState, "session" | "cluster">,
  name: string,
  logs: () => Iterable<PartitionLog>,
  signal: AbortSignal,
): NodeJS.Timeout {
  const purged = new Map<string, number>();
  const purge = async (): Promise<void> => {
    const handled = [...logs()]
      .map(({ topic, partition, committed }) => ({ topic, partition, offset: committed.offset }))
      .filter((place) => place.offset > (purged.get(nameOf(place)) ?? 0));
    if (handled.length === 0) return;
    const { "retention.ms": forEver } = FOR_EVER;
    const retention = (await session.settings([name])).get(name)?.get("retention.ms") ?? forEver;
    const places = handled.filter(
      ({ topic }) => topic.startsWith(`${name}.retry.`) || (topic === name && retention === forEver),
    );
    for (const place of places) purged.set(nameOf(place), place.offset);
    await cluster.each(places, signal, async (node, some) => {
      await session.deleteRecords(node, some);
      return [];
    });
  };
  return setInterval(() => void purge().catch(() => {}), EVERY).unref();
}
