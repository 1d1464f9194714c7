import type * as core from "@anybroker/core/driver";
import { orAborted, stepAbove, stepBelow } from "@anybroker/core/driver";
import type { Message } from "amqplib";
import { userOf } from "./connection.ts";
import { queueStep, topicStep } from "./declaring/delay-steps.ts";
import type { LinkState } from "./state/link-state.ts";
import { copyProperties, toProperties } from "./wire.ts";

/** Where a message goes first. `mandatory`: it is a failure when no queue is there to take it. */
type Route = readonly [exchange: string, routingKey: string, mandatory: boolean, notBefore?: number | undefined];

/** `Link.send`. */
export async function send(
  link: LinkState,
  to: core.Destination,
  batch: readonly core.OutgoingMessage[],
  report: core.Report,
  signal: AbortSignal,
): Promise<void> {
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
    const publisher = await link.publishers.to(to.kind === "topic" ? to.name : "");
    for (const [index, message] of batch.entries()) {
      try {
        const delay = (message.deliverAt ?? 0) - link.context.clock.now();
        const route = delay > 0 ? await later(link, to, message, delay, signal) : now(link, to, message);
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
    if (batch.length > 1) link.publishing.cork();
  };
  const giveUp = (): void => fail(signal.reason);
  signal.addEventListener("abort", giveUp, { once: true });
  write().catch(fail);
  if (open.size > 0) await done;
  signal.removeEventListener("abort", giveUp);
}

function now(link: LinkState, to: core.Destination, message: core.OutgoingMessage): Route {
  if (to.kind === "queue") return ["", link.naming.queue(to.name), true];
  return [link.naming.topic(to.name), routingKey(link, to.name, message), false];
}

async function later(
  link: LinkState,
  to: core.Destination,
  message: core.OutgoingMessage,
  delay: number,
  signal: AbortSignal,
): Promise<Route> {
  if (to.kind === "topic") {
    return [await topicStep(link, to, stepAbove(delay), signal), routingKey(link, to.name, message), true];
  }
  return ["", await queueStep(link, link.naming.queue(to.name), stepBelow(delay), signal), true, message.deliverAt];
}

function routingKey({ settings }: LinkState, topic: string, message: core.OutgoingMessage): string {
  const from = settings.exchanges?.[topic]?.routingKey;
  if (from === undefined) return message.type ?? message.key ?? "";
  if (typeof from === "function") return from(message);
  return (from === "type" || from === "key" ? message[from] : message.headers[from.slice("header:".length)]) ?? "";
}

/** Publishes a copy of a message to a queue, by way of its ladder if delayed. Throws what it was refused for. */
export async function copy(
  link: LinkState,
  native: Message,
  queue: string,
  headers: core.HeaderChanges,
  delay: number,
  signal: AbortSignal,
): Promise<void> {
  const notBefore = delay > 0 ? Math.ceil(link.context.clock.now() + delay) : undefined;
  const to = delay > 0 ? await queueStep(link, queue, stepBelow(delay), signal) : queue;
  const publisher = await orAborted(link.publishers.to(""), signal);
  const properties = copyProperties(native, headers, userOf(link.settings), notBefore);
  const { promise, resolve } = Promise.withResolvers<core.SendFailure | undefined>();
  publisher.publish("", to, native.content, properties, resolve);
  const refused = await promise;
  if (refused !== undefined) throw refused.error;
}
