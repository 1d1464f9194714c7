import type * as core from "@anybroker/core/driver";
import { stepAbove, stepBelow } from "@anybroker/core/driver";
import type { Message } from "amqplib";
import { userOf } from "./connection.ts";
import { queueStep, topicStep } from "./declare.ts";
import type { Life } from "./life.ts";
import { Publisher } from "./publisher.ts";
import { copyProperties, toProperties } from "./wire.ts";

/** Where a message goes first. `mandatory`: it is a failure when no queue is there to take it. */
type Route = readonly [exchange: string, routingKey: string, mandatory: boolean, notBefore?: number | undefined];

/** `Link.send`. */
export async function send(life: Life, ...[to, batch, report, signal]: Parameters<core.Link["send"]>): Promise<void> {
  const { promise: done, resolve } = Promise.withResolvers<void>();
  const over: boolean[] = [];
  let open = batch.length;
  let written = 0;
  const settled = (index: number, failure?: core.SendFailure): void => {
    if (over[index] === true) return;
    over[index] = true;
    report(index, failure);
    open -= 1;
    if (open === 0) resolve();
  };
  const fail = (error: unknown, from: number): void => {
    for (let index = from; index < batch.length; index += 1) settled(index, { error, outcomeUnknown: index < written });
  };
  const giveUp = (): void => fail(signal.reason, 0);
  signal.addEventListener("abort", giveUp, { once: true });
  try {
    const publisher = publisherTo(life, to.kind === "topic" ? to.name : "");
    for (const [index, message] of batch.entries()) {
      const refused = (error: unknown): void => settled(index, { error, outcomeUnknown: false });
      const delay = message.deliverAt === undefined ? 0 : message.deliverAt - life.context.clock.now();
      const route = delay > 0 ? await later(life, to, message, delay, signal).catch(refused) : now(life, to, message);
      if (!route) continue;
      if (!publisher.writable) await publisher.ready(signal);
      signal.throwIfAborted();
      written = index + 1;
      const [exchange, routingKey, mandatory, notBefore] = route;
      const properties = toProperties(message, mandatory, notBefore);
      publisher.publish(exchange, routingKey, message.body, properties, (failure) => settled(index, failure));
    }
  } catch (error) {
    fail(error, written);
  }
  if (open > 0) await done;
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
  signal: AbortSignal,
  delay = 0,
): Promise<void> {
  const notBefore = delay > 0 ? Math.ceil(life.context.clock.now() + delay) : undefined;
  const to = delay > 0 ? await queueStep(life, queue, stepBelow(delay), signal) : queue;
  const publisher = publisherTo(life, "");
  if (!publisher.writable) await publisher.ready(signal);
  const properties = copyProperties(native, headers, userOf(life.settings), notBefore);
  const { promise, resolve } = Promise.withResolvers<core.SendFailure | undefined>();
  publisher.publish("", to, native.content, properties, resolve);
  const refused = await promise;
  if (refused !== undefined) throw refused.error;
}

function publisherTo({ publishers, publishing, steps, gone }: Life, topic: string): Publisher {
  const known = publishers.get(topic);
  // What was not there is made again when it is used next.
  const publisher =
    known ??
    new Publisher(publishing.model, (name) => {
      steps.delete(name);
      gone.set(name, Date.now());
    });
  if (known === undefined) publishers.set(topic, publisher);
  return publisher;
}
