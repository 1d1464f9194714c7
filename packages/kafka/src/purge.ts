import type { Session } from "./client.ts";
import { nameOf } from "./client.ts";
import type { Cluster } from "./cluster.ts";
import type { PartitionLog } from "./log.ts";

/** Milliseconds between two deletions of what its group is done with. */
const EVERY = 30_000;

/** What a group has for itself: a queue, and steps of a ladder. */
interface Owner {
  readonly session: Session;
  readonly cluster: Cluster;
  readonly name: string;
}

/**
 * Lets the server delete what nobody needs any more, from time to time, out of topics that only this group reads.
 * Without the right to it stays.
 */
export function purging(
  { session, cluster, name }: Owner,
  logs: () => Iterable<PartitionLog>,
  signal: AbortSignal,
): NodeJS.Timeout {
  const purged = new Map<string, number>();
  const purge = async (): Promise<void> => {
    const places = [...logs()]
      .filter(({ topic }) => topic === name || topic.startsWith(`${name}.retry.`))
      .map(({ topic, partition, committed }) => ({ topic, partition, offset: committed.offset }))
      .filter((place) => place.offset > (purged.get(nameOf(place)) ?? 0));
    if (places.length === 0) return;
    for (const place of places) purged.set(nameOf(place), place.offset);
    await cluster.each(places, signal, async (node, some) => {
      await session.deleteRecords(node, some);
      return [];
    });
  };
  return setInterval(() => void purge().catch(() => {}), EVERY).unref();
}
