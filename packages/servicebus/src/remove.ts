import type * as core from "@anybroker/core/driver";
import { administer, ifThere } from "./state/administration.ts";
import type { LinkState } from "./state/link-state.ts";
import { pathIn } from "./topology.ts";

/** `Link.remove`. */
export async function remove(link: LinkState, entities: readonly core.Entity[], signal: AbortSignal): Promise<void> {
  for (const entity of entities) {
    if (entity.kind === "topic") await removeTopic(link, link.names.destination(entity), signal);
    else if (entity.kind === "queue") await removeQueue(link, link.names.destination(entity), signal);
    else await removeSubscription(link, entity, signal);
  }
}

async function removeQueue(link: LinkState, queue: string, signal: AbortSignal): Promise<void> {
  await ifThere(administer(link, `deleting queue ${queue}`, signal, (admin, some) => admin.deleteQueue(queue, some)));
}

/** The subscription first, so that nothing is forwarded to a queue that is gone. */
async function removeSubscription(
  link: LinkState,
  entity: core.SubscriptionEntity,
  signal: AbortSignal,
): Promise<void> {
  const { topic, subscription, queue } = link.names.subscription(entity);
  link.places.delete(queue);
  const what = `deleting subscription ${subscription} of topic ${topic}`;
  await ifThere(administer(link, what, signal, (admin, some) => admin.deleteSubscription(topic, subscription, some)));
  await removeQueue(link, queue, signal);
}

/** The service deletes the subscriptions of a topic with it. The queues to which ours forward are left. */
async function removeTopic(link: LinkState, topic: string, signal: AbortSignal): Promise<void> {
  const queues = await administer(link, `deleting topic ${topic}`, signal, async (admin, some) => {
    const ours: string[] = [];
    for await (const { forwardTo = "" } of admin.listSubscriptions(topic, some)) {
      if (pathIn(forwardTo).startsWith(`${topic}.sub.`)) ours.push(pathIn(forwardTo));
    }
    return ours;
  }).catch((error: unknown) => ifThere<readonly string[]>(Promise.reject(error)));
  await ifThere(administer(link, `deleting topic ${topic}`, signal, (admin, some) => admin.deleteTopic(topic, some)));
  for (const queue of queues ?? []) {
    link.places.delete(queue);
    await removeQueue(link, queue, signal);
  }
}
