import type * as core from "@anybroker/core/driver";
import { orAborted, stepAbove, stepBelow } from "@anybroker/core/driver";
import type { Message } from "amqplib";
import { userOf } from "./connection.ts";
import { queueStep, topicStep } from "./declare.ts";
import type { Life } from "./life.ts";
import { publisherTo } from "./publisher.ts";
import { copyProperties, toProperties } from "./wire.ts";

/** Where a message goes first. `mandatory`: it is a failure when no queue is there to take it. */
type Route = readonly [exchange: string, routingKey: string, mandatory: boolean, notBefore?: number | undefined];

/** `Link.send`. */
export async function send(life: Life, ...[to, batch, report, signal]: Parameters<core.Link["send"]>): Promise<void> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const open = new Set(batch.keys());
  let written = 0;
  const settled = (index: number, failure?: core.SendFailure): void => {
    if (!open.delete(index)) return;
    report(index, failure);
    if (open.size === 0) resolve();
  };
  const fail = (error: unknown): void => {
    for (const index of open) settled(index, { error, outcomeUnknown: index < written });
  };
  const write = async (): Promise<void> => {
    const publisher = await publisherTo(life, to.kind === "topic" ? to.name : "");
    for (const [index, message] of batch.entries()) {
      try {
        const delay = (message.deliverAt ?? 0) - life.context.clock.now();
        const route = delay > 0 ? await later(life, to, message, delay, signal) : now(life, to, message);
        signal.throwIfAborted();
        written = index + 1;
        const [exchange, routingKey, mandatory, notBefore] = route;
        const properties = toProperties(message, mandatory, notBefore);
        publisher.publish(exchange, routingKey, message.body, properties, (failure) => settled(index, failure));
      } catch (error) {
        settled(index, { error, outcomeUnknown: false });
      }
    }
    // A lone message goes out at once.
    if (batch.length > 1) life.publishing.cork();
  };
  const giveUp = (): void => fail(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  write().catch(fail);
  if (open.size > 0) await done;
  signal.removeEventListener("abort", giveUp);
}

function now(life: Life, to: core.Destination, message: core.OutgoingMessage): Route {
  if (to.kind === "queue") return ["", life.naming.queue(to.name), true];
  return [life.naming.topic(to.name), routingKey(life, to.name, message), false];
}

async function later(
  life: Life,
  to: core.Destination,
  message: core.OutgoingMessage,
  delay: number,
  signal: AbortSignal,
): Promise<Route> {
  if (to.kind === "topic") {
    return [await topicStep(life, to, stepAbove(delay), signal), routingKey(life, to.name, message), true];
  }
  return ["", await queueStep(life, life.naming.queue(to.name), stepBelow(delay), signal), true, message.deliverAt];
}

function routingKey({ settings }: Life, topic: string, message: core.OutgoingMessage): string {
  const from = settings.exchanges?.[topic]?.routingKey;
  if (from === undefined) return message.type ?? message.key ?? "";
  if (typeof from === "function") return from(message);
  return (from === "type" || from === "key" ? message[from] : message.headers[from.slice("header:".length)]) ?? "";
}

/** Publishes a copy of a message to a queue, by way of its ladder if delayed. Throws what it was refused for. */
export async function copy(
  life: Life,
  native: Message,
  queue: string,
  headers: core.HeaderChanges,
  delay: number,
  signal: AbortSignal,
): Promise<void> {
  const notBefore = delay > 0 ? Math.ceil(life.context.clock.now() + delay) : undefined;
  const to = delay > 0 ? await queueStep(life, queue, stepBelow(delay), signal) : queue;
  const publisher = await orAborted(publisherTo(life, ""), signal);
  const properties = copyProperties(native, headers, userOf(life.settings), notBefore);
  const { promise, resolve } = Promise.withResolvers<core.SendFailure | undefined>();
  publisher.publish("", to, native.content, properties, resolve);
  const refused = await promise;
  if (refused !== undefined) throw refused.error;
}
