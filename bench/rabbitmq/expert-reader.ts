import type { Channel, ConsumeMessage } from "amqplib";
import type { Body, Reader } from "../contender.ts";

const prefetchPerSlot = 5;

interface Held {
  readonly message: ConsumeMessage;
  done: boolean;
  acked: boolean;
}

/**
 * Acks once per turn of the event loop: one frame for the finished messages at the front, and single acks for those
 * behind a slow message when there are many.
 */
class Acks {
  readonly #channel: Channel;
  readonly #limit: number;
  #held: Held[] = [];
  #finished = 0;
  #scheduled = false;

  constructor(channel: Channel, limit: number) {
    this.#channel = channel;
    this.#limit = limit;
  }

  hold(message: ConsumeMessage): Held {
    const held = { message, done: false, acked: false };
    this.#held.push(held);
    return held;
  }

  done(held: Held): void {
    held.done = true;
    this.#finished += 1;
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => this.flush());
  }

  flush(): void {
    this.#scheduled = false;
    const end = this.#held.findIndex((held) => !held.done);
    const prefix = this.#held.splice(0, end === -1 ? this.#held.length : end).filter((held) => !held.acked);
    // The tag of a multiple ack must still be open.
    const last = prefix.at(-1);
    if (last !== undefined) this.#channel.ack(last.message, true);
    this.#finished -= prefix.length;
    if (this.#finished >= this.#limit) this.#ackSingly();
  }

  #ackSingly(): void {
    for (const held of this.#held) {
      if (!held.done || held.acked) continue;
      held.acked = true;
      this.#finished -= 1;
      this.#channel.ack(held.message);
    }
  }
}

/** Reads with a prefetch beyond the concurrency, so that no handler slot waits for the network. */
export async function consumeInGroups(
  channel: Channel,
  queue: string,
  handler: (body: Body) => Promise<void>,
  concurrency: number,
): Promise<Reader> {
  const prefetch = concurrency * prefetchPerSlot;
  const acks = new Acks(channel, prefetch / 2);
  const waiting: Held[] = [];
  let running = 0;

  const run = async (held: Held): Promise<void> => {
    await handler(JSON.parse(held.message.content.toString()));
    acks.done(held);
    const next = waiting.shift();
    if (next === undefined) running -= 1;
    else void run(next);
  };

  await channel.prefetch(prefetch);
  const { consumerTag } = await channel.consume(queue, (message) => {
    if (message === null) return;
    const held = acks.hold(message);
    if (running >= concurrency) {
      waiting.push(held);
      return;
    }
    running += 1;
    void run(held);
  });
  return {
    async close() {
      await channel.cancel(consumerTag);
      acks.flush();
      await channel.close();
    },
  };
}
