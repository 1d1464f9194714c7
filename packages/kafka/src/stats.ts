import type * as core from "@anybroker/core/driver";
import { Group } from "./cluster/group.ts";
import type { LinkState } from "./cluster/link-state.ts";
import { DeadLetters } from "./dead-letters.ts";
import { nameOf, type Place } from "./protocol/topic-partition.ts";
import { inletsOf } from "./topology.ts";

/** `Link.stats`: how far the group is from the end. */
export async function stats(life: LinkState, ...[entity, signal]: Parameters<core.Link["stats"]>): Promise<core.Stats> {
  const { cluster, naming, session } = life;
  const names = inletsOf(entity, naming).map(({ topic }) => topic);
  const [main = ""] = names;
  const places = await cluster.found(names, signal);
  if (!places.some(({ topic }) => topic === main)) throw (await session.metadata([main]))[0]?.error;
  const [committed, first, end] = await Promise.all([
    new Group(session, naming.source(entity)).committed(places, signal),
    cluster.offsets(places, -2, signal),
    cluster.offsets(places, -1, signal),
  ]);
  const offsets = new Map(committed.map((one) => [nameOf(one), one.offset]));
  const behind = (place: Place, index: number): number => {
    const done = offsets.get(nameOf(place)) ?? -1;
    return (end[index] ?? 0) - Math.max(done, first[index] ?? 0);
  };
  let [ready, delayed] = [0, 0];
  for (const [index, place] of places.entries()) {
    if (place.topic === main) ready += behind(place, index);
    else delayed += behind(place, index);
  }
  return { ready, delayed, inFlight: undefined, dead: await new DeadLetters(life, entity).count(signal) };
}
