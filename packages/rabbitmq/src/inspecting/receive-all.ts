import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { deliveryOf, type RabbitmqDelivery } from "../wire.ts";
import { idOf, oldestFirst } from "./dead-letter-id.ts";

/** The most messages that one look takes: what one consumer can be handed. */
export const MOST = 65_535;

/** When nothing has come for so long, in milliseconds, somebody else has what is missing. */
const QUIET = 1_000;

const NOTHING = Buffer.of();

/** A dead letter as it is handed over. */
export type Entry = RabbitmqDelivery & core.DeadLetterEntry;

/**
 * Shows each dead letter that was there at the beginning, and acks those that are to go; the others go back in order.
 * Answers how many went.
 */
export async function each(
  channel: Channel,
  queue: string,
  signal: AbortSignal,
  see: core.Inspect<Entry>,
): Promise<number> {
  const { messageCount, consumerCount: others } = await channel.checkQueue(queue);
  let left = Math.min(messageCount, MOST);
  if (left === 0) return 0;
  const ids = new Map<string, number>();
  const back: (ConsumeMessage & Pick<Entry, "deadLetterId">)[] = [];
  const moves: Promise<unknown>[] = [];
  const failures: unknown[] = [];
  const { promise: seen, resolve: stop } = Promise.withResolvers<void>();
  const quiet = setTimeout(stop, QUIET);
  channel.on("close", stop);
  const { consumerTag } = await channel.consume(queue, (message) => {
    if (message === null || signal.aborted) return stop();
    quiet.refresh();
    const deadLetterId = idOf(message, ids);
    // Only the tag is needed to give it back: the body is not kept.
    const stays = (): unknown => back.push({ ...message, content: NOTHING, deadLetterId });
    const going = left > 0 ? see({ ...deliveryOf(message, queue), deadLetterId }) : undefined;
    const failed = (error: unknown): void => {
      failures.push(error);
      stays();
    };
    if (going === undefined) stays();
    else moves.push(going.then(() => channel.ack(message)).catch(failed));
    left -= 1;
    if (left <= 0) stop();
  });
  await seen;
  clearTimeout(quiet);
  signal.throwIfAborted();
  await Promise.all(moves);
  await channel.cancel(consumerTag);
  for (const message of back.sort(oldestFirst)) channel.nack(message, false, true);
  // Closing the channel loses what the server has not taken yet. A quorum queue counts a cancelled consumer until the
  // last of its messages is settled.
  for (let tries = 0; tries < 400 && (await channel.checkQueue(queue)).consumerCount > others; tries += 1)
    await sleep(5);
  if (failures.length > 0) throw failures[0];
  return moves.length;
}
