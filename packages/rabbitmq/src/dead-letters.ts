import { createHash } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { OWN, orAborted } from "@anybroker/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { Acks } from "./acks.ts";
import { onChannel } from "./connection.ts";
import { codeOf } from "./errors.ts";
import type { Life } from "./life.ts";
import { copy } from "./send.ts";
import { deadLettersOf } from "./topology.ts";
import { RabbitmqDelivery } from "./wire.ts";

/** The most messages that one look takes: what one consumer can be handed. */
const MOST = 65_535;

/** How many are moved at once. */
const STRIDE = 256;

/** When nothing has come for so long, in milliseconds, somebody else has what is missing. */
const QUIET = 1_000;

/**
 * The dead letters of one queue. To look at them is to be handed all of them and to give them back, so while one
 * process looks, others see fewer. In this process one look follows the other.
 */
export class DeadLetters implements core.DeadLetterStore {
  readonly #life: Life;
  readonly #queue: string;

  constructor(life: Life, queue: string) {
    this.#life = life;
    this.#queue = queue;
  }

  count(signal: AbortSignal): Promise<number> {
    const counted = async (channel: Channel): Promise<number> =>
      (await channel.checkQueue(deadLettersOf(this.#queue))).messageCount;
    return this.#look(0, signal, counted);
  }

  list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly core.DeadLetterEntry[]> {
    return this.#look<readonly Entry[]>([], signal, async (channel) => {
      let page: Entry[] = [];
      const cut = (): Entry[] => page.sort(oldestFirst).slice(0, limit);
      const others = await this.#each(channel, new Acks(channel), MOST, signal, (entry) => {
        if (after === undefined || byAge(entry.deadLetterId, after) > 0) page.push(entry);
        // Not to hold more bodies than that.
        if (page.length >= limit * 2) page = cut();
        return false;
      });
      await this.#arrived(channel, others);
      return cut();
    });
  }

  replay(selection: core.Selection, headers: core.HeaderChanges, signal: AbortSignal): Promise<number> {
    return this.#take(selection, signal, ({ native }) => copy(this.#life, native, this.#queue, headers, signal));
  }

  remove(selection: core.Selection, signal: AbortSignal): Promise<number> {
    return this.#take(selection, signal, () => Promise.resolve());
  }

  /** Acks the dead letters that are selected, each once `before` is done. */
  #take(selection: core.Selection, signal: AbortSignal, before: (entry: Entry) => Promise<void>): Promise<number> {
    const wanted = "ids" in selection ? new Set(selection.ids) : undefined;
    return this.#look(0, signal, async (channel) => {
      const acks = new Acks(channel);
      acks.most = STRIDE;
      const moves: Promise<unknown>[] = [];
      const failures: unknown[] = [];
      const others = await this.#each(channel, acks, wanted === undefined ? STRIDE : MOST, signal, (entry) => {
        if (wanted?.has(entry.deadLetterId) === false) return false;
        const move = async (): Promise<void> => {
          const failure = await before(entry).catch((error: unknown) => ({ error }));
          if (failure === undefined) acks.ack(entry);
          else {
            failures.push(failure.error);
            acks.nack(entry, true);
          }
          acks.flush();
        };
        moves.push(move().catch((error: unknown) => failures.push(error)));
        return true;
      });
      await Promise.all(moves);
      acks.flushAll();
      await this.#arrived(channel, others);
      if (failures.length > 0) throw failures[0];
      return moves.length;
    });
  }

  /**
   * Shows each dead letter that was there at the beginning; those of which `see` answers false go back, in order.
   * Answers how many other consumers there were.
   */
  async #each(
    channel: Channel,
    acks: Acks,
    prefetch: number,
    signal: AbortSignal,
    see: (entry: Entry) => boolean,
  ): Promise<number> {
    const { messageCount, consumerCount: others } = await channel.checkQueue(deadLettersOf(this.#queue));
    let left = Math.min(messageCount, MOST);
    if (left === 0) return others;
    const ids = new Map<string, number>();
    const back: Entry[] = [];
    const { promise: seen, resolve: stop } = Promise.withResolvers<void>();
    const quiet = setTimeout(stop, QUIET);
    channel.on("close", stop);
    await channel.prefetch(prefetch);
    const { consumerTag } = await channel.consume(deadLettersOf(this.#queue), (message) => {
      if (message === null || signal.aborted) return stop();
      quiet.refresh();
      const id = idOf(message, ids);
      left -= 1;
      const entry = new Entry(message, deadLettersOf(this.#queue), id);
      const taken = left >= 0 && see(entry);
      // Only the tag is needed to give it back: the body is not kept.
      if (!taken) back.push(new Entry({ ...message, content: Buffer.alloc(0) }, "", id));
      acks.add(taken ? entry : (back.at(-1) ?? entry));
      if (left <= 0) stop();
    });
    await seen;
    clearTimeout(quiet);
    signal.throwIfAborted();
    await channel.cancel(consumerTag);
    for (const entry of back.sort(oldestFirst)) acks.nack(entry, true);
    return others;
  }

  /**
   * Waits until the server has all that was written on the channel, since closing it loses what it has not. A quorum
   * queue counts a cancelled consumer until the last of its messages is settled.
   */
  async #arrived(channel: Channel, others: number): Promise<void> {
    for (let tries = 0; tries < 400; tries += 1) {
      if ((await channel.checkQueue(deadLettersOf(this.#queue))).consumerCount <= others) return;
      await pause(5);
    }
  }

  /** Runs work when no other of ours looks at these dead letters; `none` is the answer when there is no queue. */
  #look<T>(none: T, signal: AbortSignal, work: (channel: Channel) => Promise<T>): Promise<T> {
    const { consuming, looks } = this.#life;
    const look = (): Promise<T> =>
      onChannel(consuming, signal, work).catch((error: unknown) => {
        if (codeOf(error) === 404) return none;
        throw error;
      });
    const mine = (looks.get(this.#queue) ?? Promise.resolve()).then(look);
    const end = (): void => {};
    looks.set(this.#queue, mine.then(end, end));
    return orAborted(mine, signal);
  }
}

class Entry extends RabbitmqDelivery implements core.DeadLetterEntry {
  readonly deadLetterId: string;

  constructor(message: ConsumeMessage, queue: string, deadLetterId: string) {
    super(message, queue);
    this.deadLetterId = deadLetterId;
  }
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

function oldestFirst({ deadLetterId: one }: Entry, { deadLetterId: other }: Entry): number {
  return byAge(one, other);
}

/** What died in the same millisecond goes by the id it was sent with, which usually begins with a time too. */
function byAge(one: string, other: string): number {
  return Number.parseInt(one, 10) - Number.parseInt(other, 10) || (one < other ? -1 : Number(one > other));
}
