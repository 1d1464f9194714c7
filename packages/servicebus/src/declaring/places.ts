import type * as core from "@anybroker/core/driver";
import { notFound } from "@anybroker/core/driver";
import { classify } from "../errors.ts";
import { administer, ifThere } from "../state/administration.ts";
import type { LinkState } from "../state/link-state.ts";
import { filterInNote, pathIn, queuePlace, type SourcePlace, subscriptionPath } from "../topology.ts";
import { missingFor } from "./queues.ts";

/** Where the messages of a queue or subscription are. */
export async function placeOf(link: LinkState, entity: core.SourceEntity, signal: AbortSignal): Promise<SourcePlace> {
  const queue = link.names.queueOf(entity);
  if (entity.kind === "queue") return queuePlace(queue);
  return link.places.get(queue, () => find(link, entity, queue, signal));
}

/** Whether the subscription still has the filter with which its place was found. */
export async function hasFilter(
  link: LinkState,
  entity: core.SubscriptionEntity,
  filter: string,
  signal: AbortSignal,
): Promise<boolean> {
  const queue = link.names.queueOf(entity);
  const now = await find(link, entity, queue, signal);
  return now.filter === filter;
}

async function find(
  link: LinkState,
  entity: core.SubscriptionEntity,
  queue: string,
  signal: AbortSignal,
): Promise<SourcePlace> {
  const { topic, subscription } = link.names.subscription(entity);
  const path = subscriptionPath(topic, subscription);
  const what = `looking at subscription ${subscription} of topic ${topic}`;
  try {
    const found = await ifThere(
      administer(link, what, signal, (admin, some) => admin.getSubscription(topic, subscription, some)),
    );
    if (found === undefined) throw notFound(`there is no subscription ${subscription} of topic ${topic}`);
    if (found.forwardTo === undefined) return { path, queue: undefined, filter: undefined };
    return queuePlace(pathIn(found.forwardTo), filterInNote(found.userMetadata));
  } catch (error) {
    if (classify(error).code !== "FORBIDDEN") throw error;
  }
  // Without the right to look at it, the queue tells: nobody but us would name one so.
  const missing = await missingFor(link, queue, signal);
  return missing === undefined ? queuePlace(queue) : { path, queue: undefined, filter: undefined };
}
