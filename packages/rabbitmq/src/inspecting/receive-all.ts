import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { MAX_PREFETCH } from "../connection.ts";
import { deliveryOf, type RabbitmqDelivery } from "../wire.ts";
import { compareAge, deadLetterIdOf } from "./dead-letter-id.ts";

/** A dead letter as the driver hands it out. */
export type DeadLetter = RabbitmqDelivery & core.DeadLetterEntry;

/** When nothing arrives for this long, in ms, another process holds the dead letters that are missing. */
const QUIET_TIME = 1_000;

/** How often, and how long between, to ask whether the server has taken every settlement; the time is in ms. */
const SETTLED_CHECKS = 400;
const SETTLED_CHECK_INTERVAL = 5;

const NO_CONTENT = Buffer.of();

/**
 * Shows each dead letter that was there at the beginning to `inspect`, at most {@link MAX_PREFETCH}. Acks those that are
 * to go, and gives the others back in order. Returns how many were to go.
 */
export async function receiveAll(
  channel: Channel,
  queue: string,
  inspect: core.Inspect<DeadLetter>,
  signal: AbortSignal,
): Promise<number> {
  const { messageCount, consumerCount: otherConsumers } = await channel.checkQueue(queue);
  let expected = Math.min(messageCount, MAX_PREFETCH);
  if (expected === 0) return 0;
  const seen = new Map<string, number>();
  const staying: (ConsumeMessage & Pick<DeadLetter, "deadLetterId">)[] = [];
  const removals: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  const { promise: received, resolve: stop } = Promise.withResolvers<void>();
  const quiet = setTimeout(stop, QUIET_TIME);
  channel.on("close", stop);
  const { consumerTag } = await channel.consume(queue, (message) => {
    if (message === null || signal.aborted) return stop();
    quiet.refresh();
    const deadLetterId = deadLetterIdOf(message, seen);
    // Giving it back takes only the tag, so the body is not kept.
    const keep = (): unknown => staying.push({ ...message, content: NO_CONTENT, deadLetterId });
    const onFailure = (error: unknown): void => {
      failures.push(error);
      keep();
    };
    const removal = expected > 0 ? inspect({ ...deliveryOf(message, queue), deadLetterId }) : undefined;
    if (removal === undefined) keep();
    else removals.push(removal.then(() => channel.ack(message)).catch(onFailure));
    expected -= 1;
    if (expected <= 0) stop();
  });
  await received;
  clearTimeout(quiet);
  signal.throwIfAborted();
  await Promise.all(removals);
  await channel.cancel(consumerTag);
  for (const message of staying.sort(compareAge)) channel.nack(message, false, true);
  await untilSettled(channel, queue, otherConsumers);
  if (failures.length > 0) throw failures[0];
  return removals.length;
}

/**
 * Closing the channel loses the settlements that the server has not taken yet, and the server does not answer them. But a
 * quorum queue counts a cancelled consumer until the last of its messages is settled.
 */
async function untilSettled(channel: Channel, queue: string, otherConsumers: number): Promise<void> {
  for (let check = 0; check < SETTLED_CHECKS; check += 1) {
    const { consumerCount } = await channel.checkQueue(queue);
    if (consumerCount <= otherConsumers) return;
    await sleep(SETTLED_CHECK_INTERVAL);
  }
}
