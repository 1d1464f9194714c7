import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { closed, Ending, orAborted, PushBuffer, unavailable } from "@anybroker/core/driver";
import type { Channel, ConsumeMessage } from "amqplib";
import { Acks } from "./acknowledging/acks.ts";
import { closeChannel, MAX_PREFETCH, onChannel, openChannel } from "./connection.ts";
import { bind, isFilteredByServer } from "./declaring/bindings.ts";
import { hasLadder } from "./declaring/delay-steps.ts";
import { Settler } from "./settle.ts";
import type { LinkState } from "./state/link-state.ts";
import { deliveryOf, identityOf, type RabbitmqDelivery } from "./wire.ts";

/** The queue that a source reads. */
interface ReadQueue {
  readonly name: string;
  readonly ordered: boolean;
  readonly durable: boolean;
  /** Whether retries can come back to it. */
  readonly returns: boolean;
  /** Whether its bindings alone decide which messages of a topic it gets. */
  readonly isFiltered: boolean;
}

/** `Link.open`: starts reading a queue or subscription, on a channel of its own. */
export async function openSource(
  link: LinkState,
  entity: core.SourceEntity,
  { window }: core.OpenOptions,
  onLost: core.OnLost,
  signal: AbortSignal,
): Promise<core.Source> {
  const name = link.naming.source(entity);
  if (entity.kind === "subscription" && !entity.durable) {
    const queue = {
      name: `${name}.${randomUUID()}`,
      ordered: entity.ordered,
      durable: false,
      returns: false,
      isFiltered: false,
    };
    return openOn(link, queue, window, onLost, signal, async (channel) => {
      // An exclusive queue ends with the connection, even if this process is killed.
      await channel.assertQueue(queue.name, { exclusive: true, durable: false });
      await bind(link, channel, entity, queue.name);
    });
  }
  const returns = await hasLadder(link, name, signal);
  const isFiltered =
    entity.kind === "subscription" && (link.otherFilters.has(name) || isFilteredByServer(link, entity));
  const queue = { name, ordered: entity.ordered, durable: true, returns, isFiltered };
  return openOn(link, queue, window, onLost, signal, () => Promise.resolve());
}

/** Opens a channel, prepares the queue on it, and starts reading. */
async function openOn(
  link: LinkState,
  queue: ReadQueue,
  window: number,
  onLost: core.OnLost,
  signal: AbortSignal,
  prepare: (channel: Channel) => Promise<void>,
): Promise<core.Source> {
  const channel = await openChannel(link.consuming, signal);
  try {
    const source = new RabbitmqSource(link, channel, queue, onLost);
    await orAborted(prepare(channel), signal);
    await source.setWindow(window, signal);
    await source.resume(signal);
    return source;
  } catch (error) {
    void closeChannel(channel);
    throw error;
  }
}

class RabbitmqSource implements core.Source {
  readonly returns: boolean;
  readonly storedFilter: core.Source["storedFilter"];
  readonly #link: LinkState;
  readonly #queue: ReadQueue;
  readonly #onLost: core.OnLost;
  readonly #buffer = new PushBuffer<RabbitmqDelivery>();
  readonly #settler: Settler;
  readonly #ending = new Ending(() => this.#onEnd());
  #channel: Channel;
  #window = 0;
  #consumerTag: string | undefined;
  /** Whether the source has given up its place in an ordered queue. Its channel is closed then. */
  #gaveUpPlace = false;

  constructor(link: LinkState, channel: Channel, queue: ReadQueue, onLost: core.OnLost) {
    this.returns = queue.returns;
    this.storedFilter = queue.isFiltered ? { filter: undefined } : undefined;
    this.#link = link;
    this.#queue = queue;
    this.#onLost = onLost;
    this.#channel = channel;
    this.#settler = new Settler(link, queue.name, queue.ordered, new Acks(channel));
    this.#watchChannel();
  }

  get lost(): Promise<unknown> {
    return this.#ending.lost;
  }

  receive(max: number, signal: AbortSignal): readonly core.Delivery[] | Promise<readonly core.Delivery[]> {
    return this.#buffer.take(max, signal);
  }

  settle(batch: readonly core.Settlement[], signal: AbortSignal): ReturnType<core.Source["settle"]> {
    return this.#settler.settle(batch, signal);
  }

  async pause(signal: AbortSignal): Promise<void> {
    this.#settler.acks.flush(0);
    const consumerTag = this.#consumerTag;
    if (consumerTag === undefined) return;
    this.#consumerTag = undefined;
    if (this.#queue.ordered) await this.#giveUpPlace(signal);
    else await orAborted(this.#channel.cancel(consumerTag), signal);
  }

  async resume(signal: AbortSignal): Promise<void> {
    if (this.#consumerTag !== undefined) return;
    if (this.#gaveUpPlace) {
      this.#channel = await openChannel(this.#link.consuming, signal);
      this.#settler.acks = new Acks(this.#channel);
      this.#gaveUpPlace = false;
      this.#watchChannel();
      await this.setWindow(this.#window, signal);
    }
    const consuming = this.#channel.consume(this.#queue.name, (message) => this.#onMessage(message));
    this.#consumerTag = (await orAborted(consuming, signal)).consumerTag;
  }

  identify(delivery: core.Delivery, isGone: boolean): string | undefined {
    // A first delivery is never a message that was lost before, even if both have the same id and content.
    if (!isGone && delivery.deliveries === 0) return undefined;
    // The cast is true: the core asks about what this source has delivered.
    return identityOf(delivery as RabbitmqDelivery);
  }

  async flush(_exposed: readonly core.Delivery[], signal: AbortSignal): Promise<void> {
    this.#settler.acks.flush(0);
    await sleep(this.#settler.acks.transitTime, undefined, { signal });
  }

  /** The most unsettled deliveries that the server sends. */
  async setWindow(window: number, signal: AbortSignal): Promise<void> {
    this.#window = window;
    this.#settler.acks.maxHeldBack = Math.floor(window / 2);
    await orAborted(this.#channel.prefetch(Math.min(window, MAX_PREFETCH)), signal);
  }

  /** If the channel is closed already, each step fails, and the next one runs in any case. */
  async close(signal: AbortSignal): Promise<void> {
    await this.pause(signal).catch(() => {});
    await sleep(this.#settler.acks.transitTime, undefined, { signal }).catch(() => {});
    if (!this.#queue.durable) {
      const deleteQueue = (channel: Channel): Promise<unknown> => channel.deleteQueue(this.#queue.name);
      await onChannel(this.#link.consuming, signal, deleteQueue).catch(() => {});
    }
    await orAborted(closeChannel(this.#channel), signal).catch(() => {});
    this.#ending.end(closed(`the source of queue ${this.#queue.name} was closed`));
  }

  #watchChannel(): void {
    this.#channel.on("error", this.#ending.end);
    this.#channel.on("close", () => {
      if (this.#gaveUpPlace) return;
      this.#ending.end(unavailable(`the channel that reads queue ${this.#queue.name} was closed`));
    });
  }

  /**
   * Gives back everything that the source holds together with its place in an ordered queue, in one step and in order.
   * Otherwise the next consumer would begin behind what this one held.
   */
  async #giveUpPlace(signal: AbortSignal): Promise<void> {
    await sleep(this.#settler.acks.transitTime, undefined, { signal });
    this.#gaveUpPlace = true;
    this.#buffer.drain();
    for (const delivery of this.#settler.acks.end()) delivery.state = "returned";
    await orAborted(this.#channel.close(), signal);
  }

  #onMessage(message: ConsumeMessage | null): void {
    if (message === null) return this.#onConsumerEnded();
    const delivery = deliveryOf(message, this.#queue.name);
    this.#settler.acks.add(delivery);
    this.#buffer.push(delivery);
  }

  /** The server ends a consumer when its queue is deleted. */
  #onConsumerEnded(): void {
    const { name } = this.#queue;
    this.#ending.end(unavailable(`the server ended the consumer of queue ${name}`));
    this.#link.missingAt.set(name, Date.now());
    this.#link.publishers.replaceForQueues();
    void closeChannel(this.#channel);
  }

  /** The server takes back what is unsettled when the channel closes. */
  #onEnd(): void {
    const notHandedOut = new Set(this.#buffer.drain());
    const lost = this.#settler.acks.end().filter((delivery) => !notHandedOut.has(delivery));
    this.#buffer.end();
    this.#onLost(lost);
  }
}
