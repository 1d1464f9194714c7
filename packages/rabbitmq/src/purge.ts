import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, delayStepName, unsupported } from "@anybroker/core/driver";
import { onChannel } from "./connection.ts";
import { replyCodeOf } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";

/** `Link.purge`. The server leaves what is not acked. */
export async function purge(link: LinkState, entities: readonly core.Entity[], signal: AbortSignal): Promise<void> {
  const topic = entities.find(({ kind }) => kind === "topic");
  if (topic !== undefined) {
    throw unsupported(`RabbitMQ cannot list the subscriptions of topic ${topic.name}: name those to purge`);
  }
  for (const entity of entities)
    if (entity.kind !== "topic") await purgeQueue(link, link.naming.source(entity), signal);
}

/** The delay steps come first, because messages that leave them go to the queue. */
async function purgeQueue(link: LinkState, queue: string, signal: AbortSignal): Promise<void> {
  const steps = DELAY_STEPS.map((ms) => delayStepName(queue, ms));
  await Promise.all(steps.map((step) => purgeOne(link, step, signal)));
  await purgeOne(link, queue, signal);
}

async function purgeOne(link: LinkState, queue: string, signal: AbortSignal): Promise<void> {
  try {
    await onChannel(link.consuming, signal, (channel) => channel.purgeQueue(queue));
  } catch (error) {
    if (replyCodeOf(error) !== 404) throw error;
  }
}
