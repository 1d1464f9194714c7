import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { forbidden, orAborted } from "@anybroker/core/driver";
import { Group } from "./cluster/group.ts";
import type { LinkState } from "./cluster/link-state.ts";
import { CODES, kafkaCodeOf } from "./protocol/error-codes.ts";
import { offsetsAtEnd } from "./removing/offsets-at-end.ts";
import { ownTopics, publishedTopics, subscriptionsOf } from "./topology.ts";

/** How long to wait before asking again whether topics are gone, in ms, and how often to ask. */
const RETRY_WAIT = 10;
const RETRIES = 100;

/** The topics and groups of an entity on the server. */
interface Parts {
  readonly topics: readonly string[];
  readonly groups: readonly Group[];
  /** The topic of a subscription. */
  readonly topicStays: core.TopicEntity | undefined;
}

/** `Link.remove`. */
export async function remove(state: LinkState, entities: readonly core.Entity[], signal: AbortSignal): Promise<void> {
  const pieces = await Promise.all(entities.map((entity) => piecesOf(state, entity, signal)));
  const staying = new Set<Group>();
  const ending = pieces.flatMap(({ groups, topicStays }) =>
    groups.map(async (group) => {
      const mustStay = await endMemberships(state, group, topicStays, signal).catch(forbiddenGroup(group));
      if (mustStay) staying.add(group);
    }),
  );
  await Promise.all(ending);
  const left = new Set(await deleteTopics(state, [...new Set(pieces.flatMap(({ topics }) => topics))], signal));
  const unused = pieces
    .filter(({ topics }) => !topics.some((topic) => left.has(topic)))
    .flatMap(({ groups }) => groups);
  const deleting = unused.filter((group) => !staying.has(group)).map((group) => deleteGroup(group, signal));
  await Promise.all(deleting);
}

async function piecesOf(
  { session, naming, settings }: LinkState,
  entity: core.Entity,
  signal: AbortSignal,
): Promise<Parts> {
  if (entity.kind !== "topic") {
    const name = naming.source(entity);
    const isQueue = entity.kind === "queue";
    return {
      topics: [...(isQueue ? [name] : []), ...ownTopics(name)],
      groups: [new Group(session, name)],
      topicStays: isQueue ? undefined : entity.topic,
    };
  }
  const existing = await orAborted(session.topicNames(), signal);
  const subscriptions = subscriptionsOf(entity, naming, settings, existing);
  const published = publishedTopics({ topic: entity }, naming).map(({ topic }) => topic);
  return {
    topics: [...published, ...subscriptions.flatMap(ownTopics)],
    groups: subscriptions.map((name) => new Group(session, name)),
    topicStays: undefined,
  };
}

/**
 * Makes consumers open again: a topic that is deleted and created again between two fetches may go unnoticed. Returns
 * whether the group has to stay. It does if its topic stays and it had consumers. They may create the subscription again
 * at any moment, and without offsets the new one would begin with the oldest message of the topic.
 */
async function endMemberships(
  state: LinkState,
  group: Group,
  topicStays: core.TopicEntity | undefined,
  signal: AbortSignal,
): Promise<boolean> {
  if ((await group.removeMembers(signal)) === 0 || topicStays === undefined) return false;
  while (!(await markAsDeleted(state, group, topicStays, signal))) await group.removeMembers(signal);
  return true;
}

/** Returns false if a consumer has joined the group again meanwhile. */
async function markAsDeleted(
  state: LinkState,
  group: Group,
  topic: core.TopicEntity,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await group.commitAsDeleted(await offsetsAtEnd(state, group, topic, signal), signal);
    return true;
  } catch (error) {
    if (kafkaCodeOf(error) === CODES.unknownMember) return false;
    throw error;
  }
}

/**
 * Deletes topics, and waits until the server has forgotten them, which is a little later than its response. Returns those
 * that are there after a second: another program has created them again.
 */
async function deleteTopics(
  { session, cluster }: LinkState,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<readonly string[]> {
  if (topics.length === 0) return [];
  const errors = await orAborted(session.deleteTopics(topics), signal);
  for (const [index, error] of errors.entries()) {
    const code = kafkaCodeOf(error);
    if (code === CODES.topicDenied) {
      throw forbidden(`deleting topic ${topics[index]} needs the right Delete on it`, error);
    }
    if (error !== undefined && code !== CODES.unknownTopic) throw error;
  }
  for (let retries = RETRIES; ; retries -= 1) {
    const left = await cluster.refresh(topics, signal);
    if (left.length === 0 || retries === 0) return left;
    await sleep(RETRY_WAIT, undefined, { signal });
  }
}

async function deleteGroup(group: Group, signal: AbortSignal): Promise<void> {
  await group.delete(signal).catch(forbiddenGroup(group));
}

function forbiddenGroup({ name }: Group): (error: unknown) => never {
  return (error) => {
    if (kafkaCodeOf(error) !== CODES.groupDenied) throw error;
    throw forbidden(`deleting group ${name} needs the rights Describe, Read and Delete on it`, error);
  };
}
