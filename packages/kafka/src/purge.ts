import { nameOf } from "./client.ts";
import type { Life } from "./cluster.ts";
import type { PartitionLog } from "./log.ts";

/** Milliseconds between two deletions of what its group is done with. */
const EVERY = 30_000;

/**
 * Lets the server delete what nobody needs any more, from time to time, out of topics that only this group reads.
 * Without the right to it stays.
 */
export function purging(
  { session, cluster }: Pick<Life, "session" | "cluster">,
  name: string,
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
