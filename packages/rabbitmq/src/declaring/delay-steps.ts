import type * as core from "@anybroker/core/driver";
import { DELAY_STEPS, delayStepName } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { onChannel } from "../connection.ts";
import { replyCodeOf } from "../errors.ts";
import type { LinkState } from "../state/link-state.ts";
import { delayExitName, queueStepArguments, SINK_ARGUMENTS, topicStepArguments } from "../topology.ts";
import { type Creatable, createOrCompare, queueWith } from "./queue-or-exchange.ts";

/** The name of a queue's delay step: a queue. */
export function queueStep(link: LinkState, queue: string, ms: number, signal: AbortSignal): Promise<string> {
  return createWhenNeeded(link, queueWith(delayStepName(queue, ms), queueStepArguments(ms, queue)), signal);
}

/** The name of a topic's delay step: an exchange in front of a queue of the same name. */
export function topicStep(link: LinkState, topic: core.TopicEntity, ms: number, signal: AbortSignal): Promise<string> {
  const exchange = link.naming.topic(topic.name);
  const step = delayStepName(exchange, ms);
  const exit = delayExitName(exchange);
  const create = async (channel: Channel): Promise<void> => {
    await channel.assertExchange(exit, "fanout");
    await channel.bindExchange(exchange, exit, "");
    // The sink takes what no subscription takes. Without it, at-least-once dead-lettering would try forever.
    await channel.assertQueue(exit, { arguments: SINK_ARGUMENTS });
    await channel.bindQueue(exit, exit, "");
    await channel.assertQueue(step, { arguments: topicStepArguments(ms, exit) });
    await channel.assertExchange(step, "fanout");
    await channel.bindQueue(step, step, "");
  };
  return createWhenNeeded(link, { name: step, create }, signal);
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
