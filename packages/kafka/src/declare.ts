import type * as core from "@anybroker/core/driver";
import { deadLettersName, orAborted } from "@anybroker/core/driver";
import { BEGINNING, END } from "./cluster/cluster.ts";
import { Group, isDeleted } from "./cluster/group.ts";
import type { LinkState } from "./cluster/link-state.ts";
import { ofTopic } from "./errors.ts";
import { CODES, kafkaCodeOf } from "./protocol/error-codes.ts";
import type { NewTopic } from "./protocol/requests.ts";
import type { TopicPartition } from "./protocol/topic-partition.ts";
import { publishedTopics, topicsOf } from "./topology.ts";

/** `Link.declare`. */
export async function declare(
  state: LinkState,
  entities: readonly core.Entity[],
  mode: core.DeclareMode,
  signal: AbortSignal,
): Promise<readonly core.Drift[]> {
  const { cluster, naming, settings } = state;
  const wanted = entities.map((entity) => ({ entity, topics: topicsOf(entity, naming, settings) }));
  const allTopics = wanted.flatMap(({ topics }) => topics);
  const names = allTopics.map(({ topic }) => topic);
  const existing = new Set(await cluster.refresh(names, signal));
  if (mode !== "verify") {
    const missing = allTopics.filter(({ topic }) => !existing.has(topic));
    await create(state, missing, signal);
  }
  const drifts = await Promise.all(
    wanted.map(({ entity, topics }) => compareConfigs(state, entity, topics, existing, signal)),
  );
  for (const entity of entities) {
    if (mode === "verify") drifts.push(await verify(state, entity, existing, signal));
    else if (entity.kind === "subscription") await beginSubscription(state, entity, existing, signal);
  }
  return drifts.flat();
}

/**
 * Rejects with `NOT_FOUND` if the entity itself is missing, since nothing works without it. A subscription is there if its
 * group has offsets.
 */
export async function requireEntity(
  { naming, session, cluster }: LinkState,
  entity: core.Entity,
  signal: AbortSignal,
): Promise<void> {
  const main = entity.kind === "queue" ? naming.queue(entity.name) : naming.topic(topicOf(entity));
  const existing = await cluster.refresh([main], signal);
  if (!existing.includes(main)) {
    const [info] = await session.metadata([main]);
    throw ofTopic(main, info?.error);
  }
  if (entity.kind !== "subscription") return;
  await new Group(session, naming.source(entity)).requireOffsets(await cluster.partitionsOf([main], signal), signal);
}

function topicOf(entity: core.Entity): string {
  return entity.kind === "subscription" ? entity.topic.name : entity.name;
}

/** Reports the missing parts of an entity. A missing topic of dead letters is a difference and not an error. */
async function verify(
  state: LinkState,
  entity: core.Entity,
  existing: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<core.Drift[]> {
  const { naming } = state;
  await requireEntity(state, entity, signal);
  if (entity.kind === "topic") return [];
  const dead = deadLettersName(naming.source(entity));
  return existing.has(dead) ? [] : [{ entity, property: `topic ${dead}`, expected: "there", found: "missing" }];
}

async function create(
  { session, cluster }: LinkState,
  topics: readonly NewTopic[],
  signal: AbortSignal,
): Promise<void> {
  if (topics.length === 0) return;
  for (const error of await orAborted(session.createTopics(topics), signal)) {
    // Another program may have created the topic first.
    if (error !== undefined && kafkaCodeOf(error) !== CODES.topicExists) throw error;
  }
  const names = topics.map(({ topic }) => topic);
  await cluster.waitForLeaders(names, signal);
  // A new leader may learn a little later than others that it is the leader. This request waits until it knows.
  await cluster.offsetsAt(await cluster.partitionsOf(names, signal), END, signal);
}

/** How existing topics differ from those that would have been created. */
async function compareConfigs(
  { session }: LinkState,
  entity: core.Entity,
  topics: readonly NewTopic[],
  existing: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<core.Drift[]> {
  const compared = topics.filter(({ topic }) => existing.has(topic));
  if (compared.length === 0) return [];
  const names = compared.map(({ topic }) => topic);
  const configs = await orAborted(session.topicConfigs(names), signal);
  return compared.flatMap(({ topic, config }) => {
    const expected = config["cleanup.policy"] ?? "";
    const found = configs.get(topic)?.get("cleanup.policy");
    if (found === undefined || found === expected) return [];
    return [{ entity, property: `cleanup.policy of topic ${topic}`, expected, found }];
  });
}

/**
 * Commits the first offsets of a subscription's group, so that it misses nothing from now on. A subscription that
 * existed before and has lost its offsets, because it had no consumer for long, begins with the oldest message.
 */
async function beginSubscription(
  { session, cluster, naming, context }: LinkState,
  entity: core.SubscriptionEntity,
  existing: ReadonlySet<string>,
  signal: AbortSignal,
): Promise<void> {
  const name = naming.source(entity);
  const group = new Group(session, name);
  const topics = publishedTopics(entity, naming);
  const partitions = await cluster.existingPartitions(
    topics.map(({ topic }) => topic),
    signal,
  );
  const committed = await group.committedOffsets(partitions, signal);
  const missing = committed.filter((one) => one.offset < 0 || isDeleted(one));
  if (missing.length === 0) return;
  const hasLostOffsets = existing.has(deadLettersName(name)) && !committed.some(isDeleted);
  const from = hasLostOffsets ? "earliest" : entity.from;
  const now = Math.floor(context.clock.now());
  const delays = new Map(topics.map(({ topic, delay }) => [topic, delay]));
  const beginning = ({ topic }: TopicPartition): number => {
    const delay = delays.get(topic) ?? 0;
    if (from === "earliest") return BEGINNING;
    // A message in a delay topic counts as published when it is due.
    if (from === "latest") return delay === 0 ? END : now - delay;
    return Math.max(0, from.getTime() - delay);
  };
  const offsets = await cluster.offsetsAt(missing, beginning, signal);
  const first = missing.map((one, index) => ({ ...one, offset: offsets[index] ?? 0, metadata: "" }));
  await group.commitAsOutsider(first, signal).catch((error: unknown) => {
    // The group has members. They begin added partitions by themselves, with the oldest message.
    if (kafkaCodeOf(error) !== CODES.unknownMember) throw error;
  });
}
