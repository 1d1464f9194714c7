import { createHash } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { OWN, orAborted } from "@anybroker/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { onChannel } from "./connection.ts";
import { codeOf } from "./errors.ts";
import type { Life } from "./life.ts";
import { copy } from "./send.ts";
import { deadLettersOf } from "./topology.ts";
import { deliveryOf, type RabbitmqDelivery } from "./wire.ts";

/** The most messages that one look takes: what one consumer can be handed. */
const MOST = 65_535;

/** How many are moved at once. */
const STRIDE = 256;

/** When nothing has come for so long, in milliseconds, somebody else has what is missing. */
const QUIET = 1_000;

const NOTHING = Buffer.of();

type Entry = RabbitmqDelivery & core.DeadLetterEntry;

type Aged = Pick<Entry, "deadLetterId">;

/** What is wanted of a dead letter: that it goes once this has resolved; undefined: that it stays. */
type Wanted = Promise<void> | undefined;

/**
 * The dead letters of one queue. To look at them is to be handed all of them and to give them back, so while one
 * process looks, others see fewer. In this process one look follows the other.
 */
export function deadLetters(life: Life, of: string): core.DeadLetterStore {
  const queue = deadLettersOf(of);

  /** Runs work when no other of ours looks at these dead letters; `none` is the answer when there is no queue. */
  const look = <T>(none: T, signal: AbortSignal, work: (channel: Channel) => Promise<T>): Promise<T> => {
    const before = life.looks.get(queue) ?? Promise.resolve();
    const mine = before.then(() => onChannel(life.consuming, signal, work));
    const end = mine.catch(() => {});
    life.looks.set(queue, end);
    return orAborted(mine, signal).catch((error: unknown) => {
      if (codeOf(error) === 404) return none;
      throw error;
    });
  };

  const take = (
    selection: core.Selection,
    signal: AbortSignal,
    before: (entry: Entry) => Promise<void>,
  ): Promise<number> => {
    const wanted = "ids" in selection ? new Set(selection.ids) : undefined;
    return look(0, signal, async (channel) => {
      await channel.prefetch(wanted === undefined ? STRIDE : MOST);
      return each(channel, queue, signal, (entry) =>
        wanted?.has(entry.deadLetterId) === false ? undefined : before(entry),
      );
    });
  };

  return {
    count: (signal) => look(0, signal, async (channel) => (await channel.checkQueue(queue)).messageCount),
    list: (limit, after, signal) =>
      look<Entry[]>([], signal, async (channel) => {
        let page: Entry[] = [];
        const cut = (): Entry[] => page.sort(oldestFirst).slice(0, limit);
        await channel.prefetch(MOST);
        await each(channel, queue, signal, (entry) => {
          if (after === undefined || oldestFirst(entry, { deadLetterId: after }) > 0) page.push(entry);
          // Not to hold more bodies than that.
          if (page.length >= limit * 2) page = cut();
          return undefined;
        });
        return cut();
      }),
    replay: (selection, headers, signal) =>
      take(selection, signal, ({ native }) => copy(life, native, of, headers, 0, signal)),
    remove: (selection, signal) => take(selection, signal, () => Promise.resolve()),
  };
}

/**
 * Shows each dead letter that was there at the beginning, and acks those that are to go; the others go back in order.
 * Answers how many went.
 */
async function each(
  channel: Channel,
  queue: string,
  signal: AbortSignal,
  see: (entry: Entry) => Wanted,
): Promise<number> {
  const { messageCount, consumerCount: others } = await channel.checkQueue(queue);
  let left = Math.min(messageCount, MOST);
  if (left === 0) return 0;
  const ids = new Map<string, number>();
  const back: (ConsumeMessage & Aged)[] = [];
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

/**
 * The same at every look: when it died, the id it was sent with, and what tells it from others of that id. Of those
 * that are the same in every byte, one is as good as the other.
 */
function idOf({ properties, content }: ConsumeMessage, ids: Map<string, number>): string {
  const { "x-delivery-count": _, "x-acquired-count": __, ...headers } = properties.headers ?? {};
  const byBroker: unknown = headers["x-death"]?.[0]?.time.value;
  const diedAt = new Date(headers[OWN.deadAt] ?? Number(byBroker) * 1_000).getTime() || 0;
  // The server sorts the headers when it adds one of its own.
  const sorted = Object.entries(headers).sort(([one], [other]) => (one < other ? -1 : 1));
  const all = JSON.stringify([{ ...properties, headers: undefined }, sorted]);
  const hash = createHash("sha256").update(all).update(content).digest("base64url").slice(0, 12);
  const id = `${diedAt}/${properties.messageId ?? ""}/${hash}`;
  const twins = ids.get(id) ?? 0;
  ids.set(id, twins + 1);
  return twins === 0 ? id : `${id}/${twins}`;
}

/** What died in the same millisecond goes by the id it was sent with, which usually begins with a time too. */
function oldestFirst({ deadLetterId: one }: Aged, { deadLetterId: other }: Aged): number {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10) || (one < other ? -1 : Number(one > other));
}
