import type * as core from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import type { LinkState } from "../state/link-state.ts";
import { dueOf, SINK_ARGUMENTS, stepArguments, stepOf } from "../topology.ts";
import { createOrCompare, type QueueOrExchange, queueOf } from "./queue-or-exchange.ts";

/** The name of the ladder's step for a queue, created when first needed. */
export function queueStep(link: LinkState, queue: string, ms: number, signal: AbortSignal): Promise<string> {
  return created(link, queueOf(stepOf(queue, ms), stepArguments(ms, "", queue)), signal);
}

/** The name of the exchange in front of the ladder's step for a topic, created when first needed. */
export function topicStep(link: LinkState, topic: core.TopicEntity, ms: number, signal: AbortSignal): Promise<string> {
  const exchange = link.naming.topic(topic.name);
  const name = stepOf(exchange, ms);
  const due = dueOf(exchange);
  const create = async (channel: Channel): Promise<void> => {
    await channel.assertExchange(due, "fanout");
    await channel.bindExchange(exchange, due, "");
    await channel.assertQueue(due, { arguments: SINK_ARGUMENTS });
    await channel.bindQueue(due, due, "");
    await channel.assertQueue(name, { arguments: stepArguments(ms, due, undefined) });
    await channel.assertExchange(name, "fanout");
    await channel.bindQueue(name, name, "");
  };
  return created(link, { name, create }, signal);
}

/** A step that exists and differs is used as it is. */
async function created(
  link: LinkState,
  step: Pick<QueueOrExchange, "name" | "create">,
  signal: AbortSignal,
): Promise<string> {
  if (link.context.topology !== "create") return step.name;
  const known = link.steps.get(step.name);
  const made = known ?? createOrCompare(link, step, signal);
  link.steps.set(step.name, made);
  made.catch(() => link.steps.delete(step.name));
  await made;
  return step.name;
}
