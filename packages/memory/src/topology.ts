import type { SourceEntity, TopicEntity } from "@anybroker/core/driver";
import { MemoryError } from "./broker/memory-error.ts";
import type { QueueStore } from "./broker/queue-store.ts";
import type { TopicStore } from "./broker/topic-store.ts";
import type { LinkState } from "./state/link-state.ts";

/** The store of a topic. Throws when it does not exist. */
export function topicStore({ connection, naming }: LinkState, topic: TopicEntity): TopicStore {
  const name = naming.topic(topic.name);
  return connection.instance.topics.get(name) ?? missing("topic", name);
}

/**
 * The store of a queue or subscription. Throws when it does not exist. Of several ephemeral subscriptions with one name
 * it is the oldest.
 */
export function sourceStore(link: LinkState, source: SourceEntity): QueueStore {
  const name = link.naming.source(source);
  if (source.kind === "queue") return link.connection.instance.queues.get(name) ?? missing("queue", name);
  const topic = topicStore(link, source.topic);
  if (source.durable) return topic.subscriptions.get(name) ?? missing("subscription", name);
  for (const store of topic.ephemeral) {
    if (store.shape.name === name) return store;
  }
  return missing("subscription", name);
}

/** Throws that an entity does not exist. */
export function missing(kind: "queue" | "topic" | "subscription", name: string): never {
  throw new MemoryError("missing", `there is no ${kind} ${name}`);
}
