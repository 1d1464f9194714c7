import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted, PushBuffer } from "@anybroker/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { Acks } from "./acknowledging/acks.ts";
import { channelOf, onChannel } from "./connection.ts";
import { bind } from "./declaring/bindings.ts";
import { Settler } from "./settle.ts";
import type { LinkState } from "./state/link-state.ts";
import { deliveryOf, type RabbitmqDelivery } from "./wire.ts";

/** The most that a consumer can be told to prefetch. */
const MOST_PREFETCH = 65_535;

/** `Link.open`: starts reading a queue or subscription, on a channel of its own. */
export async function openSource(
  link: LinkState,
  entity: core.SourceEntity,
  { window }: core.OpenOptions,
  lost: (deliveries: readonly core.Delivery[]) => void,
  signal: AbortSignal,
): Promise<core.Source> {
  const ephemeral = entity.kind === "subscription" && !entity.durable ? entity : undefined;
  const name = link.naming.source(entity);
  const queue = ephemeral === undefined ? name : `${name}.${randomUUID()}`;
  const channel = await channelOf(link.consuming, signal);
  try {
    const source = new RabbitmqSource(link, channel, queue, entity.ordered, ephemeral === undefined, lost);
    if (ephemeral !== undefined) {
      // Exclusive: whatever becomes of us, it ends with the connection.
      await orAborted(channel.assertQueue(queue, { exclusive: true, durable: false }), signal);
      await orAborted(bind(link, channel, ephemeral, queue), signal);
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
  readonly #link: LinkState;
  readonly #queue: string;
  readonly #ordered: boolean;
  readonly #durable: boolean;
  readonly #buffer = new PushBuffer<RabbitmqDelivery>();
  readonly #end: (reason: unknown) => void;
  #channel: Channel;
  readonly #settler: Settler;
  /** Whether it has given up its place in an ordered queue, and its channel with it. */
  #away = false;
  #window = 0;
  #consumer: string | undefined;

  constructor(
    link: LinkState,
    channel: Channel,
    queue: string,
    ordered: boolean,
    durable: boolean,
    tellLost: (deliveries: readonly core.Delivery[]) => void,
  ) {
    this.#link = link;
    this.#queue = queue;
    this.#ordered = ordered;
    this.#durable = durable;
    this.#channel = channel;
    this.#settler = new Settler(link, queue, ordered, new Acks(channel));
    this.returns = durable && link.context.topology === "create";
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    // May come twice: the first reason counts. What is unsettled goes back to its queue when the channel closes.
    this.#end = (reason) => {
      const unseen = new Set(this.#buffer.drain());
      const taken = this.#settler.acks.end().filter((delivery) => !unseen.has(delivery));
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
    return this.#settler.settle(batch, signal);
  }

  async pause(signal: AbortSignal): Promise<void> {
    this.#settler.acks.flush(0);
    const consumer = this.#consumer;
    this.#consumer = undefined;
    if (consumer === undefined) return;
    if (this.#ordered) await this.#giveUp(signal);
    else await orAborted(this.#channel.cancel(consumer), signal);
  }

  async resume(signal: AbortSignal): Promise<void> {
    if (this.#consumer !== undefined) return;
    if (this.#away) {
      this.#channel = await channelOf(this.#link.consuming, signal);
      this.#settler.acks = new Acks(this.#channel);
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
    this.#settler.acks.most = Math.floor(window / 2);
    await orAborted(this.#channel.prefetch(Math.min(window, MOST_PREFETCH)), signal);
  }

  async close(signal: AbortSignal): Promise<void> {
    // Each of these rejects when the channel has gone.
    await this.pause(signal).catch(() => {});
    await sleep(this.#settler.acks.pending, undefined, { signal }).catch(() => {});
    const remove = (channel: Channel): Promise<unknown> => channel.deleteQueue(this.#queue);
    if (!this.#durable) await onChannel(this.#link.consuming, signal, remove).catch(() => {});
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
    await sleep(this.#settler.acks.pending, undefined, { signal });
    this.#away = true;
    this.#buffer.drain();
    for (const delivery of this.#settler.acks.end()) delivery.state = "back";
    await orAborted(this.#channel.close(), signal);
  }

  #arrived(message: ConsumeMessage | null): void {
    if (message === null) {
      this.#end(unavailable(`the server ended the consumer of queue ${this.#queue}`));
      this.#link.gone.set(this.#queue, Date.now());
      this.#link.publishers.replaceForQueues();
      this.#channel.close().catch(() => {});
      return;
    }
    const delivery = deliveryOf(message, this.#queue);
    this.#settler.acks.add(delivery);
    this.#buffer.push(delivery);
  }
}

function unavailable(message: string): BrokerError {
  return new BrokerError("UNAVAILABLE", message, { retryable: true });
}
