import type { Entity } from "@anybroker/core/driver";
import type { LinkState } from "./state/link-state.ts";

/** `Link.purge`. */
export function purge({ connection, naming }: LinkState, entities: readonly Entity[]): void {
  connection.check();
  const { queues, topics } = connection.instance;
  for (const entity of entities) {
    if (entity.kind === "queue") queues.get(naming.source(entity))?.purge();
    else if (entity.kind === "topic") topics.get(naming.topic(entity.name))?.purge();
    else topics.get(naming.topic(entity.topic.name))?.subscriptions.get(naming.source(entity))?.purge();
  }
}
