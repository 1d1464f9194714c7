import {
  type DeclareMode,
  type Drift,
  type Entity,
  filterText,
  type QueueEntity,
  type SubscriptionEntity,
  type TopicEntity,
} from "@anybroker/core/driver";
import { QueueStore } from "./broker/queue-store.ts";
import { TopicStore } from "./broker/topic-store.ts";
import type { LinkState } from "./state/link-state.ts";
import { missing, topicStore } from "./topology.ts";

/** `Link.declare`. */
export function declare(link: LinkState, entities: readonly Entity[], mode: DeclareMode): readonly Drift[] {
  link.connection.check();
  return entities.flatMap((entity) => declareOne(link, entity, mode));
}

function declareOne(link: LinkState, entity: Entity, mode: DeclareMode): readonly Drift[] {
  switch (entity.kind) {
    case "queue":
      return declareQueue(link, entity, mode);
    case "topic":
      return declareTopic(link, entity, mode);
    case "subscription":
      return declareSubscription(link, entity, mode);
  }
}

function declareQueue(link: LinkState, entity: QueueEntity, mode: DeclareMode): readonly Drift[] {
  const name = link.naming.source(entity);
  const { queues, timers, budget } = link.connection.instance;
  const found = queues.get(name);
  if (found !== undefined) return drift(entity, "ordered", entity.ordered, found.shape.ordered);
  if (mode === "verify") missing("queue", name);
  queues.set(name, new QueueStore({ name, ordered: entity.ordered }, timers, budget));
  return [];
}

function declareTopic(link: LinkState, entity: TopicEntity, mode: DeclareMode): readonly Drift[] {
  const name = link.naming.topic(entity.name);
  const { topics, timers, budget } = link.connection.instance;
  const found = topics.get(name);
  if (found !== undefined) return drift(entity, "retention", entity.retention, found.retention);
  if (mode === "verify") missing("topic", name);
  topics.set(name, new TopicStore(name, entity.retention, timers, budget));
  return [];
}

function declareSubscription(link: LinkState, entity: SubscriptionEntity, mode: DeclareMode): readonly Drift[] {
  const name = link.naming.source(entity);
  const topic = topicStore(link, entity.topic);
  const found = topic.subscriptions.get(name);
  if (found !== undefined) {
    if (mode === "apply") found.filter = entity.filter;
    return [
      ...drift(entity, "ordered", entity.ordered, found.shape.ordered),
      ...drift(entity, "filter", filterText(entity.filter), filterText(found.filter)),
    ];
  }
  if (mode === "verify") missing("subscription", name);
  topic.subscriptions.set(name, topic.subscribe(entity, name));
  return [];
}

function drift<T extends string | number | boolean>(
  entity: Entity,
  property: string,
  expected: T,
  found: T,
): readonly Drift[] {
  return expected === found ? [] : [{ entity, property, expected: String(expected), found: String(found) }];
}
