import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted, PushBuffer } from "@anybroker/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { Acks } from "./acks.ts";
import { channelOf, onChannel } from "./connection.ts";
import { bind } from "./declare.ts";
import type { Life } from "./life.ts";
import { copy } from "./send.ts";
import { deadLettersOf } from "./topology.ts";
import { deliveryOf, type RabbitmqDelivery } from "./wire.ts";

/** The most that a consumer can be told to prefetch. */
const MOST_PREFETCH = 65_535;

type Opening = Parameters<core.Link["open"]>;

/** A settlement that makes a copy. */
type Moving = Extract<core.Settlement, { readonly headers: unknown }>;

/** `Link.open`: starts reading a queue or subscription, on a channel of its own. */
export async function openSource(life: Life, ...[entity, { window }, lost, signal]: Opening): Promise<core.Source> {
  const ephemeral = entity.kind === "subscription" && !entity.durable ? entity : undefined;
  const name = life.naming.source(entity);
  const queue = ephemeral === undefined ? name : `${name}.${randomUUID()}`;
  const channel = await channelOf(life.consuming, signal);
  try {
    const source = new RabbitmqSource(life, channel, queue, entity.ordered, ephemeral === undefined, lost);
    if (ephemeral !== undefined) {
      // Exclusive: whatever becomes of us, it ends with the connection.
      await orAborted(channel.assertQueue(queue, { exclusive: true, durable: false }), signal);
      await orAborted(bind(life, channel, ephemeral, queue), signal);
    }
    await source.resize(window, signal);
    await source.resume(signal);
    return source;
  } catch (error) {
    // It rejects when the server has closed it.
    void (async () => channel.close())().catch(() => {});
    throw error;
  }
}

class RabbitmqSource implements core.Source {
  readonly lost: Promise<unknown>;
  readonly returns: boolean;
  readonly #life: Life;
  readonly #queue: string;
  readonly #ordered: boolean;
  readonly #durable: boolean;
  readonly #buffer = new PushBuffer<RabbitmqDelivery>();
  readonly #end: (reason: unknown) => void;
  #channel: Channel;
  #acks: Acks;
  /** Whether it has given up its place in an ordered queue, and its channel with it. */
  #away = false;
  #window = 0;
  #consumer: string | undefined;

  constructor(life: Life, channel: Channel, queue: string, ordered: boolean, durable: boolean, tellLost: Opening[2]) {
    this.#life = life;
    this.#queue = queue;
    this.#ordered = ordered;
    this.#durable = durable;
    this.#channel = channel;
    this.#acks = new Acks(channel);
    this.returns = durable && life.context.topology === "create";
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    // May come twice: the first reason counts. What is unsettled goes back to its queue when the channel closes.
    this.#end = (reason) => {
      const unseen = new Set(this.#buffer.drain());
      const taken = this.#acks.end().filter((delivery) => !unseen.has(delivery));
      this.#buffer.end();
      resolve(reason);
      tellLost(taken);
    };
    this.#watch();
  }

  receive(max: number, signal: AbortSignal): readonly core.Delivery[] | Promise<readonly core.Delivery[]> {
    return this.#buffer.take(max, signal);
  }

  settle(batch: readonly core.Settlement[], signal: AbortSignal): ReturnType<core.Source["settle"]> {
    const results = batch.map((settlement) => this.#settle(settlement, signal));
    const failure = this.#acks.flush();
    if (failure !== undefined) return batch.map(() => failure);
    if (results.every(isKnown)) return results;
    return orAborted(Promise.all(results.map(async (result) => result)), signal);
  }

  async pause(signal: AbortSignal): Promise<void> {
    this.#acks.flush(0);
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer === undefined) return;
    if (this.#ordered) await this.#giveUp(signal);
    else await orAborted(this.#channel.cancel(consumer), signal);
  }

  async resume(signal: AbortSignal): Promise<void> {
    if (this.#consumer !== undefined) return;
    if (this.#away) {
      this.#channel = await channelOf(this.#life.consuming, signal);
      this.#acks = new Acks(this.#channel);
      this.#away = false;
      this.#watch();
      await this.resize(this.#window, signal);
    }
    const consuming = this.#channel.consume(this.#queue, (message) => this.#arrived(message));
    this.#consumer = (await orAborted(consuming, signal)).consumerTag;
  }

  async resize(window: number, signal: AbortSignal): Promise<void> {
    this.#window = window;
    if (this.#away) return;
    this.#acks.most = Math.floor(window / 2);
    await orAborted(this.#channel.prefetch(Math.min(window, MOST_PREFETCH)), signal);
  }

  async close(signal: AbortSignal): Promise<void> {
    // Each of these rejects when the channel has gone.
    await this.pause(signal).catch(() => {});
    await sleep(this.#acks.pending, undefined, { signal }).catch(() => {});
    const remove = (channel: Channel): Promise<unknown> => channel.deleteQueue(this.#queue);
    if (!this.#durable) await onChannel(this.#life.consuming, signal, remove).catch(() => {});
    await orAborted((async () => this.#channel.close())(), signal).catch(() => {});
    this.#end(unavailable(`the reading of ${this.#queue} was ended`));
  }

  #watch(): void {
    this.#channel.on("error", this.#end);
    this.#channel.on("close", () => {
      if (!this.#away) this.#end(unavailable(`the channel that reads ${this.#queue} was closed`));
    });
  }

  /**
   * What is held goes back with the place, in one step and in its order: whoever takes the place would else begin behind
   * it.
   */
  async #giveUp(signal: AbortSignal): Promise<void> {
    await sleep(this.#acks.pending, undefined, { signal });
    this.#away = true;
    this.#buffer.drain();
    for (const delivery of this.#acks.end()) delivery.state = "back";
    await orAborted(this.#channel.close(), signal);
  }

  #arrived(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#end(unavailable(`the server ended the consumer of queue ${this.#queue}`));
      this.#life.gone.set(this.#queue, Date.now());
      this.#life.publishers.get("")?.then(
        (publisher) => publisher.replace(),
        () => {},
      );
      this.#channel.close().catch(() => {});
      return;
    }
    const delivery = deliveryOf(message, this.#queue);
    this.#acks.add(delivery);
    this.#buffer.push(delivery);
  }

  /** Settles at once, or for a copy with a promise that never rejects; acks go with the next flush. */
  #settle(settlement: core.Settlement, signal: AbortSignal): core.SettleResult | Promise<core.SettleResult> {
    // The cast is true: the core settles what this source has handed out.
    const delivery = settlement.delivery as RabbitmqDelivery;
    if (delivery.state === "back" && settlement.action === "release") return undefined;
    if (delivery.state !== "open") return LOST;
    switch (settlement.action) {
      case "ack":
        delivery.state = "held";
        return undefined;
      case "release":
        // In an ordered queue it goes back with the place, which the core gives up next.
        return this.#ordered ? undefined : this.#acks.nack(delivery, true);
      case "reject":
        return this.#life.exact.has(this.#queue) ? this.#acks.nack(delivery, false) : noDeadLetters(this.#queue);
      case "retry":
      case "deadLetter":
        return this.#move(delivery, settlement, signal);
    }
  }

  async #move(delivery: RabbitmqDelivery, how: Moving, signal: AbortSignal): Promise<core.SettleResult> {
    const [to, delay] = how.action === "retry" ? [this.#queue, how.delay] : [deadLettersOf(this.#queue), 0];
    try {
      await copy(this.#life, delivery.native, to, how.headers, delay, signal);
    } catch (error) {
      return { error, lost: false };
    }
    if (delivery.state !== "open") return LOST;
    delivery.state = "held";
    return this.#acks.flush();
  }
}

function isKnown(result: core.SettleResult | Promise<core.SettleResult>): result is core.SettleResult {
  return !(result instanceof Promise);
}

const LOST: core.SettleFailure = {
  error: new BrokerError("LEASE_LOST", "the delivery has gone back to its queue, or was settled before"),
  lost: true,
};

function noDeadLetters(queue: string): core.SettleFailure {
  const message = `queue ${queue} is not known to have dead letters: the server could drop what is rejected`;
  return { error: new BrokerError("UNSUPPORTED", message), lost: false };
}

function unavailable(message: string): BrokerError {
  return new BrokerError("UNAVAILABLE", message, { retryable: true });
}
