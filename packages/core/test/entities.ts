import type { QueueEntity, SubscriptionEntity, TopicEntity } from "../src/contract/entities.ts";

export const queue = (name: string, ordered = false): QueueEntity => ({ kind: "queue", name, ordered });

export const topic = (name: string, retention = 0): TopicEntity => ({ kind: "topic", name, retention });

export const subscription = (
  parent: TopicEntity,
  name: string,
  fields: Partial<SubscriptionEntity> = {},
): SubscriptionEntity => ({
  kind: "subscription",
  name,
  topic: parent,
  ordered: false,
  filter: undefined,
  from: "latest",
  durable: true,
  ...fields,
});
