import type * as core from "@anybroker/core/driver";
import type { Place } from "./client.ts";
import type { Life } from "./cluster.ts";
import { DeadLetters } from "./dead-letters.ts";
import { Group } from "./group.ts";
import { inletsOf } from "./topology.ts";

/** `Link.stats`: how far the group is from the end. */
export async function stats(life: Life, ...[entity, signal]: Parameters<core.Link["stats"]>): Promise<core.Stats> {
  const { cluster, naming, session } = life;
  const inlets = inletsOf(entity, naming);
  const names = inlets.map(({ topic }) => topic);
  const there = new Set(await cluster.look(names, signal));
  const [main] = inlets;
  if (main === undefined || !there.has(main.topic)) throw (await session.metadata(names.slice(0, 1)))[0]?.error;
  const places = await cluster.places(
    names.filter((name) => there.has(name)),
    signal,
  );
  const at = (time: number): Promise<readonly number[]> =>
    cluster.offsets(
      places.map((place) => ({ ...place, time })),
      signal,
    );
  const [committed, first, end] = await Promise.all([
    new Group(session, naming.source(entity)).committed(places, signal),
    at(-2),
    at(-1),
  ]);
  const offsets = new Map(committed.map((one) => [`${one.topic}/${one.partition}`, one.offset]));
  const behind = (place: Place, index: number): number => {
    const done = offsets.get(`${place.topic}/${place.partition}`) ?? -1;
    return (end[index] ?? 0) - Math.max(done, first[index] ?? 0);
  };
  let [ready, delayed] = [0, 0];
  for (const [index, place] of places.entries()) {
    if (place.topic === main.topic) ready += behind(place, index);
    else delayed += behind(place, index);
  }
  return { ready, delayed, inFlight: undefined, dead: await new DeadLetters(life, entity).count(signal) };
}
