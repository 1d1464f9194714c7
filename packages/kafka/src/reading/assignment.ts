import type { Wish } from "../protocol/group-protocol.ts";
import type { Place } from "../protocol/topic-partition.ts";

/**
 * Shares out the partitions of each topic evenly among those who read it; everyone keeps what it has, as far as that is
 * even. Members may read different topics: every partition that somebody reads is somebody's.
 */
export function assign(
  wishes: ReadonlyMap<string, Wish>,
  partitions: ReadonlyMap<string, number>,
): ReadonlyMap<string, readonly Place[]> {
  const shares = new Map<string, Place[]>([...wishes.keys()].sort().map((id) => [id, []]));
  for (const [topic, count] of [...partitions].sort(([, one], [, other]) => other - one)) {
    const readers = [...shares.keys()].filter((id) => wishes.get(id)?.topics.includes(topic));
    if (readers.length === 0) continue;
    const mine = new Map<string, number[]>(readers.map((id) => [id, []]));
    const free = new Set(Array.from({ length: count }, (_, partition) => partition));
    // As many as divide evenly, and of those left over one each for those who have one more already.
    const least = Math.floor(count / readers.length);
    let over = count % readers.length;
    for (const id of readers) {
      const owned = wishes.get(id)?.owned.filter((place) => place.topic === topic && free.has(place.partition)) ?? [];
      const keeps = owned.length > least && over > 0 ? least + 1 : Math.min(owned.length, least);
      if (keeps > least) over -= 1;
      for (const { partition } of owned.slice(0, keeps)) {
        free.delete(partition);
        mine.get(id)?.push(partition);
      }
    }
    const load = (id: string): number => (mine.get(id)?.length ?? 0) * 1_000_000 + (shares.get(id)?.length ?? 0);
    for (const partition of free) {
      const id = readers.reduce((least, other) => (load(other) < load(least) ? other : least));
      mine.get(id)?.push(partition);
    }
    for (const [id, some] of mine) shares.get(id)?.push(...some.map((partition) => ({ topic, partition })));
  }
  return shares;
}
