import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, delayStepName } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { onChannel } from "../connection.ts";
import { replyCodeOf } from "../errors.ts";
import type { LinkState } from "../state/link-state.ts";
import { delayExitName, queueStepArguments, SINK_ARGUMENTS, topicStepArguments } from "../topology.ts";
import { type Creatable, createOrCompare, queueWith } from "./queue-or-exchange.ts";

/** The last delay step of every delayed publish, in ms. */
const LAST_STEP = Math.min(...DELAY_STEPS);

/** The name of a queue's delay step: a queue. */
export function queueStep(link: LinkState, queue: string, ms: number, signal: AbortSignal): Promise<string> {
  return createWhenNeeded(link, queueWith(delayStepName(queue, ms), queueStepArguments(ms, queue)), signal);
}

/**
 * The name of a topic's delay step: an exchange in front of a queue of the same name. A longer step leads to the last one.
 *
 * A server on Mnesia that starts routes what is due while it still restores bindings, and dead-lettering is content with
 * the queues that are bound so far. From a longer step there is one queue to reach, or none yet. When messages leave that
 * queue, the topic's bindings have been restored.
 */
export async function topicStep(
  link: LinkState,
  topic: core.TopicEntity,
  ms: number,
  signal: AbortSignal,
): Promise<string> {
  const exchange = link.naming.topic(topic.name);
  const last = await createWhenNeeded(link, lastTopicStep(exchange), signal);
  if (ms === LAST_STEP) return last;
  return createWhenNeeded(link, stepTo(last, delayStepName(exchange, ms), ms - LAST_STEP), signal);
}

/** The delay step from which messages go to the topic. */
function lastTopicStep(exchange: string): Creatable {
  const exit = delayExitName(exchange);
  const step = stepTo(exit, delayStepName(exchange, LAST_STEP), LAST_STEP);
  const create = async (channel: Channel): Promise<void> => {
    await channel.assertExchange(exit, "fanout");
    await channel.bindExchange(exchange, exit, "");
    // The sink takes what no subscription takes. Without it, at-least-once dead-lettering would try forever.
    await channel.assertQueue(exit, { arguments: SINK_ARGUMENTS });
    await channel.bindQueue(exit, exit, "");
    await step.create(channel);
  };
  return { name: step.name, create };
}

/** A queue with an exchange of the same name, from which messages go to another exchange after this time. */
function stepTo(next: string, step: string, ms: number): Creatable {
  const create = async (channel: Channel): Promise<void> => {
    await channel.assertQueue(step, { arguments: topicStepArguments(ms, next) });
    await channel.assertExchange(step, "fanout");
    await channel.bindQueue(step, step, "");
  };
  return { name: step, create };
}

/**
 * Whether messages can come back to a queue by way of its delay ladder. With `topology: "create"` the driver creates each
 * step when it is first needed. Otherwise all steps must exist, and the account must be allowed to look at them.
 */
export async function hasLadder(link: LinkState, queue: string, signal: AbortSignal): Promise<boolean> {
  if (link.context.topology === "create") return true;
  return link.ladders.get(queue, () => allStepsExist(link, queue, signal));
}

/** A step that exists and differs is used as it is. */
async function createWhenNeeded(link: LinkState, step: Creatable, signal: AbortSignal): Promise<string> {
  if (link.context.topology === "create") {
    await link.delaySteps.get(step.name, () => createOrCompare(link, step, signal));
  }
  return step.name;
}

async function allStepsExist(link: LinkState, queue: string, signal: AbortSignal): Promise<boolean> {
  try {
    await onChannel(link.consuming, signal, async (channel) => {
      for (const ms of DELAY_STEPS) await channel.checkQueue(delayStepName(queue, ms));
    });
    return true;
  } catch (error) {
    const code = replyCodeOf(error);
    if (code === 404 || code === 403) return false;
    throw error;
  }
}
