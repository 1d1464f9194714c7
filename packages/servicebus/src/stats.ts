import type * as core from "@anybroker/core/driver";
import { notFound } from "@anybroker/core/driver";
import { placeOf } from "./declaring/places.ts";
import { administer, ifThere } from "./state/administration.ts";
import type { LinkState } from "./state/link-state.ts";

/** `Link.stats`. The service counts what consumers hold as ready. */
export async function stats(link: LinkState, entity: core.SourceEntity, signal: AbortSignal): Promise<core.Stats> {
  const { queue } = await placeOf(link, entity, signal);
  const counts = queue === undefined ? await ofSubscription(link, entity, signal) : await ofQueue(link, queue, signal);
  return { ...counts, inFlight: undefined };
}

type Counts = Omit<core.Stats, "inFlight">;

async function ofQueue(link: LinkState, queue: string, signal: AbortSignal): Promise<Counts> {
  const what = `counting the messages of queue ${queue}`;
  const found = await ifThere(
    administer(link, what, signal, (admin, some) => admin.getQueueRuntimeProperties(queue, some)),
  );
  if (found === undefined) throw notFound(`there is no queue ${queue}`);
  return { ready: found.activeMessageCount, delayed: found.scheduledMessageCount, dead: found.deadLetterMessageCount };
}

async function ofSubscription(link: LinkState, entity: core.SourceEntity, signal: AbortSignal): Promise<Counts> {
  // The cast is true: a queue is always read itself.
  const { topic, subscription } = link.names.subscription(entity as core.SubscriptionEntity);
  const what = `counting the messages of subscription ${subscription} of topic ${topic}`;
  const found = await administer(link, what, signal, (admin, some) =>
    admin.getSubscriptionRuntimeProperties(topic, subscription, some),
  );
  return { ready: found.activeMessageCount, delayed: undefined, dead: found.deadLetterMessageCount };
}
