import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, forbidden, orAborted, rejected, retryStepName } from "@anybroker/core/driver";
import { END } from "./cluster/cluster.ts";
import { Group } from "./cluster/group.ts";
import type { LinkState } from "./cluster/link-state.ts";
import { CODES, kafkaCodeOf } from "./protocol/error-codes.ts";
import { WAIT } from "./reading/fetching.ts";
import { offsetsAtEnd } from "./removing/offsets-at-end.ts";
import { publishedTopics, subscriptionsOf } from "./topology.ts";

/** How long it takes until each consumer has learned by its next fetch what was deleted, in ms. */
const SEEN_AFTER = WAIT + 50;

/** `Link.purge`. */
export async function purge(state: LinkState, entities: readonly core.Entity[], signal: AbortSignal): Promise<void> {
  const emptied: string[] = [];
  for (const entity of entities) emptied.push(...(await topicsToEmpty(state, entity, signal)));
  await deleteAllRecords(state, emptied, signal);
}

/** The topics of which all records go. The groups of subscriptions are moved to the end of the topic first. */
async function topicsToEmpty(state: LinkState, entity: core.Entity, signal: AbortSignal): Promise<readonly string[]> {
  const { session, naming, settings } = state;
  if (entity.kind === "queue") {
    const name = naming.queue(entity.name);
    return [name, ...retryTopics(name)];
  }
  if (entity.kind === "subscription") {
    const name = naming.source(entity);
    await purgeGroup(state, entity.topic, name, signal);
    return retryTopics(name);
  }
  const groups = subscriptionsOf(entity, naming, settings, await orAborted(session.topicNames(), signal));
  for (const group of groups) await purgeGroup(state, entity, group, signal);
  const [, ...delayTopics] = publishedTopics({ topic: entity }, naming).map(({ topic }) => topic);
  return [...delayTopics, ...groups.flatMap(retryTopics)];
}

function retryTopics(source: string): readonly string[] {
  return DELAY_STEPS.map((ms) => retryStepName(source, ms));
}

async function purgeGroup(state: LinkState, topic: core.TopicEntity, name: string, signal: AbortSignal): Promise<void> {
  const group = new Group(state.session, name);
  const offsets = await offsetsAtEnd(state, group, topic, signal);
  if (offsets.length === 0) return;
  await group.commitAsOutsider(offsets, signal).catch((error: unknown) => {
    if (kafkaCodeOf(error) !== CODES.unknownMember) throw error;
    const hint = "Kafka moves a group only while it has none, so close them first";
    throw rejected(`group ${name} has consumers: ${hint}`, error);
  });
}

async function deleteAllRecords(
  { session, cluster }: LinkState,
  topics: readonly string[],
  signal: AbortSignal,
): Promise<void> {
  const partitions = await cluster.existingPartitions(topics, signal);
  if (partitions.length === 0) return;
  const errors = await cluster.askLeaders(partitions, signal, (node, led) =>
    session.deleteRecords(
      node,
      led.map((one) => ({ ...one, offset: END })),
    ),
  );
  for (const [index, error] of errors.entries()) {
    const topic = partitions[index]?.topic;
    const code = kafkaCodeOf(error);
    if (code === CODES.topicDenied) throw forbidden(`purging topic ${topic} needs the right Delete on it`, error);
    if (error !== undefined && code !== CODES.unknownTopic) throw error;
  }
  await sleep(SEEN_AFTER, undefined, { signal });
}
