import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, deadLettersName, delayStepName, rejected } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { onChannel } from "./connection.ts";
import { replyCodeOf } from "./errors.ts";
import { waitUntilConsumersKnow } from "./removing/wait-until-consumers-know.ts";
import type { LinkState } from "./state/link-state.ts";
import { delayExitName, filterExchangeName, filterMarkerName } from "./topology.ts";

/** `Link.remove`. The server ignores what does not exist. */
export async function remove(link: LinkState, entities: readonly core.Entity[], signal: AbortSignal): Promise<void> {
  for (const entity of entities) {
    if (entity.kind === "topic") await removeTopic(link, link.naming.topic(entity.name), signal);
    else await removeQueue(link, link.naming.source(entity), signal);
  }
}

async function removeQueue(link: LinkState, queue: string, signal: AbortSignal): Promise<void> {
  const names = [queue, ...stepsOf(queue), deadLettersName(queue)];
  await waitUntilConsumersKnow(link, queue, signal, () =>
    onChannel(link.consuming, signal, async (channel) => {
      await channel.deleteExchange(filterMarkerName(queue));
      for (const name of names) await channel.deleteQueue(name);
    }),
  );
  link.ladders.delete(queue);
  // RabbitMQ 3.10 takes a while after its answer, and keeps state of the queues in the channels that published to them.
  for (const name of names) forget(link, name);
  link.publishers.replaceForQueues();
}

async function removeTopic(link: LinkState, exchange: string, signal: AbortSignal): Promise<void> {
  const steps = stepsOf(exchange);
  const exit = delayExitName(exchange);
  await onChannel(link.consuming, signal, async (channel) => {
    await deleteUnbound(channel, filterExchangeName(exchange), exchange);
    await deleteUnbound(channel, exchange, exchange);
    for (const name of [...steps, exit]) {
      await channel.deleteExchange(name);
      await channel.deleteQueue(name);
    }
  });
  for (const name of [...steps, exit]) forget(link, name);
}

/**
 * Deletes an exchange unless a queue is bound to it. AMQP cannot list the subscriptions of a topic. One that was left
 * would get nothing any more, and its consumers would not notice.
 */
async function deleteUnbound(channel: Channel, name: string, topic: string): Promise<void> {
  try {
    await channel.deleteExchange(name, { ifUnused: true });
  } catch (error) {
    if (replyCodeOf(error) !== 406) throw error;
    const hint = "RabbitMQ cannot list them, so delete its subscriptions by name first";
    throw rejected(`queues are still bound to the exchange ${topic}: ${hint}`, error);
  }
}

function stepsOf(destination: string): readonly string[] {
  return DELAY_STEPS.map((ms) => delayStepName(destination, ms));
}

function forget(link: LinkState, name: string): void {
  link.delaySteps.delete(name);
  link.matchingQueues.delete(name);
  link.missingAt.set(name, Date.now());
}
