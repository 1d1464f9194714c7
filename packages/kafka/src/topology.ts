import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, deadLettersName, delayStepName, retryStepName } from "@anybroker/core/driver";
import type { Settings } from "./options.ts";
import type { NewTopic } from "./protocol/requests.ts";

/** The configuration of topics from which the driver itself deletes what their group has handled. */
export const KEEP_FOREVER = { "cleanup.policy": "delete", "retention.ms": "-1" };

/** The configuration of dead letters: the last record of a key counts, and one without a value deletes the key. */
const COMPACTED = { "cleanup.policy": "compact" };

/** Whether a topic is one of the retry topics of a queue or subscription. */
export function isRetryTopicOf(source: string, topic: string): boolean {
  return topic.startsWith(`${source}.retry.`);
}

/** The topics to create for an entity. Those of a subscription do not include the topic it subscribes to. */
export function topicsOf(entity: core.Entity, naming: core.Naming, settings: Settings): readonly NewTopic[] {
  const { partitions, replicas } = settings;
  if (entity.kind === "topic") {
    const topic = naming.topic(entity.name);
    const retention = Math.max(entity.retention, settings.retention);
    const config = { "cleanup.policy": "delete", "retention.ms": String(retention) };
    const delayTopics = DELAY_STEPS.map((ms) => ({
      topic: delayStepName(topic, ms),
      partitions: 1,
      replicas,
      config,
    }));
    return [{ topic, partitions, replicas, config }, ...delayTopics];
  }
  const name = naming.source(entity);
  const retryTopics = DELAY_STEPS.map((ms) => ({
    topic: retryStepName(name, ms),
    partitions: 1,
    replicas,
    config: KEEP_FOREVER,
  }));
  const deadLetters = { topic: deadLettersName(name), partitions: 1, replicas, config: COMPACTED };
  if (entity.kind === "subscription") return [...retryTopics, deadLetters];
  return [{ topic: name, partitions, replicas, config: KEEP_FOREVER }, ...retryTopics, deadLetters];
}

/** The topics for retries of a queue or subscription, and then that of its dead letters. */
export function ownTopics(source: string): readonly string[] {
  return [...DELAY_STEPS.map((ms) => retryStepName(source, ms)), deadLettersName(source)];
}

/** The subscriptions of a topic, by their names on the server, as far as their own topics or the option `naming` tell. */
export function subscriptionsOf(
  topic: core.TopicEntity,
  naming: core.Naming,
  settings: Settings,
  existing: readonly string[],
): readonly string[] {
  const prefix = `${naming.topic(topic.name)}.sub.`;
  const found = existing.flatMap((name) => {
    if (!name.startsWith(prefix)) return [];
    const [, subscription] = /^([^.]+)\.(?:dlq|retry\.\d+)$/.exec(name.slice(prefix.length)) ?? [];
    return subscription === undefined ? [] : [prefix + subscription];
  });
  const mapped = Object.entries(settings.naming.subscriptions ?? {}).filter(([name]) =>
    name.startsWith(`${topic.name}/`),
  );
  return [...new Set([...found, ...mapped.map(([, name]) => name)])];
}

/** A topic that a source reads. */
export interface SourceTopic {
  readonly topic: string;
  /** How long everything in the topic waits before it is delivered, in ms. */
  readonly delay: number;
}

/** All topics that a source reads. Its main topic is the first. */
export function sourceTopics(entity: core.SourceEntity, naming: core.Naming): readonly SourceTopic[] {
  const name = naming.source(entity);
  const retryTopics = DELAY_STEPS.map((ms) => ({ topic: retryStepName(name, ms), delay: ms }));
  if (entity.kind === "queue") return [{ topic: name, delay: 0 }, ...retryTopics];
  const published = publishedTopics(entity, naming);
  return entity.durable ? [...published, ...retryTopics] : published;
}

/** The topics that all subscriptions of a topic read. The topic itself is the first. */
export function publishedTopics(
  entity: Pick<core.SubscriptionEntity, "topic">,
  naming: core.Naming,
): readonly SourceTopic[] {
  const topic = naming.topic(entity.topic.name);
  const delayTopics = DELAY_STEPS.map((ms) => ({ topic: delayStepName(topic, ms), delay: ms }));
  return [{ topic, delay: 0 }, ...delayTopics];
}
