import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import { Group } from "./cluster/group.ts";
import type { LinkState } from "./cluster/link-state.ts";
import { CODES, codeOf } from "./protocol/error-codes.ts";
import type { NewTopic } from "./protocol/requests.ts";
import type { Place } from "./protocol/topic-partition.ts";
import { deadLettersOf, inletsOf, topicsOf } from "./topology.ts";

/** `Link.declare`. */
export async function declare(
  life: LinkState,
  ...[entities, mode, signal]: Parameters<core.Link["declare"]>
): Promise<readonly core.Drift[]> {
  // An ephemeral subscription leaves nothing on the server.
  const lasting = entities.filter((entity) => entity.kind !== "subscription" || entity.durable);
  const wanted = lasting.map((entity) => ({ entity, topics: topicsOf(entity, life.naming, life.settings) }));
  const all = wanted.flatMap(({ topics }) => topics);
  const names = all.map(({ topic }) => topic);
  const before = new Set(await life.cluster.look(names, signal));
  const missing = all.filter(({ topic }) => !before.has(topic));
  if (mode === "create") await create(life, missing, signal);
  const drifts = await Promise.all(wanted.map(({ entity, topics }) => compare(life, entity, topics, before, signal)));
  for (const { entity } of mode === "verify" ? wanted : []) drifts.push(await verify(life, entity, before, signal));
  for (const entity of lasting) {
    if (entity.kind !== "subscription" || mode === "verify") continue;
    const dead = deadLettersOf(life.naming.source(entity));
    await begin(life, entity, before.has(dead), signal);
  }
  return drifts.flat();
}

/** What is missing: without the entity itself nothing works, without its dead letters something does. */
async function verify(
  life: LinkState,
  entity: core.Entity,
  there: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<core.Drift[]> {
  const { naming, session, cluster } = life;
  const topic = entity.kind === "subscription" ? entity.topic : entity;
  const main = entity.kind === "queue" ? naming.queue(entity.name) : naming.topic(topic.name);
  if (entity.kind !== "subscription" && !there.has(main)) throw (await session.metadata([main]))[0]?.error;
  if (entity.kind === "subscription") {
    await new Group(session, naming.source(entity)).mustHaveBegun(await cluster.places([main], signal), signal);
  }
  if (entity.kind === "topic") return [];
  const dead = deadLettersOf(naming.source(entity));
  return there.has(dead) ? [] : [{ entity, property: `topic ${dead}`, expected: "there", found: "missing" }];
}

async function create(life: LinkState, topics: readonly NewTopic[], signal: AbortSignal): Promise<void> {
  if (topics.length === 0) return;
  for (const error of await orAborted(life.session.createTopics(topics), signal)) {
    // Somebody else was quicker.
    if (error !== undefined && codeOf(error) !== CODES.topicExists) throw error;
  }
  const names = topics.map(({ topic }) => topic);
  await life.cluster.settled(names, signal);
  // A leader may know only a little later that it is one: what is asked of it here waits for that.
  await life.cluster.offsets(await life.cluster.places(names, signal), -1, signal);
}

/** How topics that were there differ from those that would have been made. */
async function compare(
  { session }: LinkState,
  entity: core.Entity,
  topics: readonly NewTopic[],
  before: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<core.Drift[]> {
  const there = topics.filter(({ topic }) => before.has(topic));
  if (there.length === 0) return [];
  const found = await orAborted(session.settings(there.map(({ topic }) => topic)), signal);
  return there.flatMap(({ topic, config }) => {
    const expected = config["cleanup.policy"] ?? "";
    const actual = found.get(topic)?.get("cleanup.policy");
    if (actual === undefined || actual === expected) return [];
    return [{ entity, property: `cleanup.policy of topic ${topic}`, expected, found: actual }];
  });
}

/**
 * Gives the group of a subscription its first offsets, so that it misses nothing from now on. One that was there before
 * and has lost its offsets, because nobody read for long, begins with the oldest message there is.
 */
async function begin(
  life: LinkState,
  entity: core.SubscriptionEntity,
  again: boolean,
  signal: AbortSignal,
): Promise<void> {
  const group = new Group(life.session, life.naming.source(entity));
  const topic = life.naming.topic(entity.topic.name);
  const inlets = inletsOf(entity, life.naming).filter(
    (inlet) => inlet.step === 0 || inlet.topic.startsWith(`${topic}.delay.`),
  );
  const names = inlets.map((inlet) => inlet.topic);
  const places = await life.cluster.found(names, signal);
  const committed = await group.committed(places, signal);
  const missing = committed.filter(({ offset }) => offset < 0);
  if (missing.length === 0) return;
  const from = again ? "earliest" : entity.from;
  const now = life.context.clock.now();
  const time = (place: Place): number => {
    const { step = 0 } = inlets.find((inlet) => inlet.topic === place.topic) ?? {};
    if (from === "earliest") return -2;
    // What waits in the ladder is published when it is due.
    if (from === "latest") return step === 0 ? -1 : Math.floor(now) - step;
    return Math.max(0, from.getTime() - step);
  };
  const offsets = await life.cluster.offsets(missing, time, signal);
  const beginning = missing.map((place, index) => ({ ...place, offset: offsets[index] ?? 0, metadata: "" }));
  await group.begin(beginning, signal).catch((error: unknown) => {
    // Members of the group begin by themselves what has been added, with the oldest message there is.
    if (codeOf(error) !== CODES.unknownMember) throw error;
  });
}
