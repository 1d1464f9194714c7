import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted, PushBuffer } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import { Acks } from "./acks.ts";
import { bind } from "./declare.ts";
import type { Life } from "./life.ts";
import { copy } from "./send.ts";
import { deadLettersOf } from "./topology.ts";
import { RabbitmqDelivery } from "./wire.ts";

/** The most that a consumer can be told to prefetch. */
const MOST_PREFETCH = 65_535;

type Opening = Parameters<core.Link["open"]>;

/** `Link.open`: starts reading a queue or subscription, on a channel of its own. */
export async function openSource(life: Life, ...[entity, { window }, lost, signal]: Opening): Promise<core.Source> {
  const ephemeral = entity.kind === "subscription" && !entity.durable ? entity : undefined;
  const name = life.naming.source(entity);
  const queue = ephemeral === undefined ? name : `${name}.${randomUUID()}`;
  const opening = life.consuming.model.createChannel();
  try {
    const channel = await orAborted(opening, signal);
    const source = new RabbitmqSource(life, channel, queue, ephemeral === undefined, lost);
    if (ephemeral !== undefined) {
      // Exclusive: whatever becomes of us, it ends with the connection.
      await orAborted(channel.assertQueue(queue, { exclusive: true, durable: false }), signal);
      await orAborted(bind(life, channel, ephemeral, queue), signal);
    }
    await source.resize(window, signal);
    await source.resume(signal);
    return source;
  } catch (error) {
    // It may also open only now, when nobody waits for it any more.
    opening.then((channel) => channel.close()).catch(() => {});
    throw error;
  }
}

class RabbitmqSource implements core.Source {
  readonly lost: Promise<unknown>;
  readonly returns: boolean;
  readonly #life: Life;
  readonly #channel: Channel;
  readonly #queue: string;
  readonly #durable: boolean;
  readonly #buffer = new PushBuffer<RabbitmqDelivery>();
  readonly #acks: Acks;
  readonly #end: (reason: unknown) => void;
  #consumer: string | undefined;

  constructor(life: Life, channel: Channel, queue: string, durable: boolean, tellLost: Opening[2]) {
    this.#life = life;
    this.#channel = channel;
    this.#queue = queue;
    this.#durable = durable;
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
      if (taken.length > 0) tellLost(taken);
    };
    channel.on("error", this.#end);
    channel.on("close", () => this.#end(unavailable("the channel was closed")));
  }

  receive(max: number, signal: AbortSignal): readonly core.Delivery[] | Promise<readonly core.Delivery[]> {
    return this.#buffer.take(max, signal);
  }

  settle(batch: readonly core.Settlement[], signal: AbortSignal): ReturnType<core.Source["settle"]> {
    const copies: Promise<void>[] = [];
    const results = batch.map((settlement, index): core.SettleResult => {
      // The cast is true: the core settles what this source has handed out.
      const delivery = settlement.delivery as RabbitmqDelivery;
      if (delivery.state !== "open") return LOST;
      if (settlement.action === "ack") this.#acks.ack(delivery);
      else if (!("headers" in settlement)) return this.#giveAway(delivery, settlement.action === "release");
      else {
        const copied = this.#copyThenAck(settlement, delivery, signal).then((result) => {
          results[index] = result;
        });
        copies.push(copied);
      }
      return undefined;
    });
    const failure = attempt(() => this.#acks.flush());
    if (failure !== undefined) for (const index of results.keys()) results[index] ??= failure;
    return copies.length === 0 ? results : orAborted(Promise.all(copies), signal).then(() => results);
  }

  async pause(signal: AbortSignal): Promise<void> {
    attempt(() => this.#acks.flushAll());
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer !== undefined) await orAborted(this.#channel.cancel(consumer), signal);
  }

  async resume(signal: AbortSignal): Promise<void> {
    if (this.#consumer !== undefined) return;
    const consuming = this.#channel.consume(this.#queue, (message) => {
      if (message === null) {
        this.#end(unavailable(`the server ended the consumer of queue ${this.#queue}`));
        this.#life.gone.set(this.#queue, Date.now());
        this.#life.publishers.get("")?.then(
          (publisher) => publisher.replace(),
          () => {},
        );
        return void this.#channel.close().catch(() => {});
      }
      const delivery = new RabbitmqDelivery(message, this.#queue);
      this.#acks.add(delivery);
      this.#buffer.push(delivery);
    });
    this.#consumer = (await orAborted(consuming, signal)).consumerTag;
  }

  async resize(window: number, signal: AbortSignal): Promise<void> {
    this.#acks.most = Math.floor(window / 2);
    await orAborted(this.#channel.prefetch(Math.min(window, MOST_PREFETCH)), signal);
  }

  async close(signal: AbortSignal): Promise<void> {
    await this.pause(signal).catch(() => {});
    await pause(this.#acks.pending, undefined, { signal }).catch(() => {});
    // Each rejects when the channel has gone.
    if (!this.#durable) await orAborted(this.#channel.deleteQueue(this.#queue), signal).catch(() => {});
    await orAborted(this.#channel.close(), signal).catch(() => {});
    this.#end(unavailable("the source was closed"));
  }

  #giveAway(delivery: RabbitmqDelivery, release: boolean): core.SettleResult {
    if (!release && !this.#life.exact.has(this.#queue)) {
      const message = `queue ${this.#queue} is not known to have dead letters: the server could drop what is rejected`;
      return { error: new BrokerError("UNSUPPORTED", message), lost: false };
    }
    return attempt(() => this.#acks.nack(delivery, release));
  }

  async #copyThenAck(
    settlement: Extract<core.Settlement, { readonly headers: unknown }>,
    delivery: RabbitmqDelivery,
    signal: AbortSignal,
  ): Promise<core.SettleResult> {
    const { action, headers } = settlement;
    const [to, delay] = action === "retry" ? [this.#queue, settlement.delay] : [deadLettersOf(this.#queue), undefined];
    try {
      await copy(this.#life, delivery.native, to, headers, signal, delay);
    } catch (error) {
      return { error, lost: false };
    }
    if (delivery.state !== "open") return LOST;
    this.#acks.ack(delivery);
    return attempt(() => this.#acks.flush());
  }
}

/** amqplib throws when the channel has gone. */
function attempt(write: () => void): core.SettleFailure | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return { error, lost: true };
  }
}

const LOST: core.SettleFailure = {
  error: new BrokerError("LEASE_LOST", "the delivery has gone back to its queue, or was settled before"),
  lost: true,
};

function unavailable(message: string): BrokerError {
  return new BrokerError("UNAVAILABLE", message, { retryable: true });
}
