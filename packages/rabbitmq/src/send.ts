import type * as core from "@anybroker/core/driver";
import { orAborted, stepAbove, stepBelow } from "@anybroker/core/driver";
import type { Message } from "amqplib";
import { userOf } from "./connection.ts";
import { queueStep, topicStep } from "./declaring/delay-steps.ts";
import type { Publisher } from "./publishing/publisher.ts";
import type { LinkState } from "./state/link-state.ts";
import { copyProperties, toProperties } from "./wire.ts";

/** Where a message is published. */
interface Route {
  readonly exchange: string;
  readonly routingKey: string;
  /** Whether the message fails when there is no queue to take it. */
  readonly mandatory: boolean;
}

/** `Link.send`. */
export async function send(
  link: LinkState,
  destination: core.Destination,
  batch: readonly core.OutgoingMessage[],
  report: core.ReportOutcome,
  signal: AbortSignal,
): Promise<void> {
  const { promise: allReported, resolve } = Promise.withResolvers<void>();
  const unreported = new Set(batch.keys());
  let written = 0;
  const settle = (index: number, failure?: core.SendFailure): void => {
    if (!unreported.delete(index)) return;
    report(index, failure);
    if (unreported.size === 0) resolve();
  };
  const failUnreported = (error: unknown): void => {
    for (const index of unreported) settle(index, { error, outcomeUnknown: index < written });
  };
  const write = async (): Promise<void> => {
    const publisher = await publisherTo(link, destination);
    for (const [index, message] of batch.entries()) {
      try {
        const delay = (message.deliverAt ?? 0) - link.context.clock.now();
        const route =
          delay > 0
            ? await delayedRoute(link, destination, message, delay, signal)
            : routeOf(link, destination, message);
        signal.throwIfAborted();
        written = index + 1;
        const { body, onUnrouted } = message;
        const properties = toProperties(message, route.mandatory || onUnrouted !== undefined);
        const onFate = (failure?: core.SendFailure): void => settle(index, failure);
        publisher.publish(route.exchange, route.routingKey, body, properties, onFate, onUnrouted);
      } catch (error) {
        settle(index, { error, outcomeUnknown: false });
      }
    }
    // A lone message is not held up.
    if (batch.length > 1) link.publishing.cork();
  };
  const onAbort = (): void => failUnreported(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  write().catch(failUnreported);
  if (unreported.size > 0) await allReported;
  signal.removeEventListener("abort", onAbort);
}

function publisherTo(link: LinkState, { kind, name }: core.Destination): Promise<Publisher> {
  return kind === "topic" ? link.publishers.toTopic(name) : link.publishers.toQueues();
}

function routeOf(link: LinkState, destination: core.Destination, message: core.OutgoingMessage): Route {
  if (destination.kind === "queue") {
    return { exchange: "", routingKey: link.naming.queue(destination.name), mandatory: true };
  }
  return {
    exchange: link.naming.topic(destination.name),
    routingKey: routingKeyOf(link, destination.name, message),
    mandatory: false,
  };
}

/** By way of a delay step: for a topic one that is long enough, for a queue as many in turn as it takes. */
async function delayedRoute(
  link: LinkState,
  destination: core.Destination,
  message: core.OutgoingMessage,
  delay: number,
  signal: AbortSignal,
): Promise<Route> {
  if (destination.kind === "queue") {
    const step = await queueStep(link, link.naming.queue(destination.name), stepBelow(delay), signal);
    return { exchange: "", routingKey: step, mandatory: true };
  }
  return {
    exchange: await topicStep(link, destination, stepAbove(delay), signal),
    routingKey: routingKeyOf(link, destination.name, message),
    mandatory: true,
  };
}

function routingKeyOf({ settings }: LinkState, topic: string, message: core.OutgoingMessage): string {
  const wanted = settings.exchanges?.[topic]?.routingKey;
  if (wanted === undefined) return message.type ?? message.key ?? "";
  if (typeof wanted === "function") return wanted(message);
  if (wanted === "type" || wanted === "key") return message[wanted] ?? "";
  return message.headers[wanted.slice("header:".length)] ?? "";
}

/**
 * Publishes a copy of a message to a queue, by way of a delay step if there is a delay (in ms). Resolves once the copy is
 * confirmed. Rejects with the reason when it is refused.
 */
export async function sendCopy(
  link: LinkState,
  original: Message,
  queue: string,
  changes: core.HeaderChanges,
  delay: number,
  signal: AbortSignal,
): Promise<void> {
  const target = delay > 0 ? await queueStep(link, queue, stepBelow(delay), signal) : queue;
  const publisher = await orAborted(link.publishers.toQueues(), signal);
  const properties = copyProperties(original, changes, userOf(link.settings));
  const { promise: fate, resolve } = Promise.withResolvers<core.SendFailure | undefined>();
  publisher.publish("", target, original.content, properties, resolve);
  const failure = await fate;
  if (failure !== undefined) throw failure.error;
}
