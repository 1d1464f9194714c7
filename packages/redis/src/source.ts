import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { Ending, orAborted, readFilterText, unavailable } from "@anybroker/core/driver";
import type { Connection } from "./connection.ts";
import { classify } from "./errors.ts";
import type { Consumer } from "./reading/consumer.ts";
import { createOwnGroup, joinGroups, type Membership } from "./reading/membership.ts";
import { PartitionReader } from "./reading/partition-reader.ts";
import { ReadBuffer } from "./reading/read-buffer.ts";
import type { Reader } from "./reading/reader.ts";
import { RetryNotes } from "./reading/retry-notes.ts";
import { SharedReader } from "./reading/shared-reader.ts";
import { Settler } from "./settle.ts";
import type { LinkState } from "./state/link-state.ts";
import { storedFilter } from "./state/stored-filter.ts";
import { newConsumer, type SourceKeys, type TopicKeys, topicKeys, unlisted } from "./topology.ts";
import type { RedisDelivery } from "./wire.ts";

/** The wait before another try to end a read, in ms. */
const UNBLOCK_WAIT = 5;

/** `Link.open`. The source has a connection of its own, because its reads block. */
export async function openSource(
  state: LinkState,
  entity: core.SourceEntity,
  window: number,
  signal: AbortSignal,
): Promise<core.Source> {
  const { consumers, context, partitionCounts } = state;
  let name = newConsumer(consumers.ownPrefix, context.lease);
  const blocking = await state.openConnection(signal, name);
  let membership: Membership | undefined;
  try {
    if (!(await orAborted(canHaveName(blocking, name), signal))) name = unlisted(name);
    consumers.living.add(name);
    const keys = await orAborted(partitionCounts.keysOf(entity), signal);
    const ephemeral = entity.kind === "subscription" && !entity.durable;
    membership = ephemeral
      ? await createOwnGroup(state, keys, entity.from, name)
      : await joinGroups(state, entity, keys, name);
    const filter =
      ephemeral || entity.kind === "queue" ? undefined : await orAborted(readableFilter(state, keys), signal);
    const consumer: Consumer = { state, name, keys, streams: membership.streams, filter, blocking };
    const reader = await openReader(consumer, entity);
    const clientId = Number(await orAborted(blocking.command("CLIENT", "ID"), signal));
    return new RedisSource({ entity, consumer, membership, reader, clientId, window });
  } catch (error) {
    membership?.stop();
    consumers.living.delete(name);
    blocking.cut();
    throw error;
  }
}

/** The stored filter; undefined also where the account may not read it. */
async function readableFilter(state: LinkState, keys: SourceKeys): Promise<string | undefined> {
  try {
    return await storedFilter(state, keys);
  } catch (error) {
    if (classify(error).code === "FORBIDDEN") return undefined;
    throw error;
  }
}

/** Whether the connection can have a name. ioredis sets it too, but does not tell if that was refused. */
function canHaveName(connection: Connection, name: string): Promise<boolean> {
  return connection.command("CLIENT", "SETNAME", name).then(
    () => true,
    () => false,
  );
}

/** One consumer owns each partition of an ordered queue, and all of an ordered subscription. */
async function openReader(consumer: Consumer, entity: core.SourceEntity): Promise<Reader> {
  const { streams } = consumer;
  if (entity.kind === "queue") {
    const partitioned = entity.ordered || streams.length > 1;
    return partitioned ? PartitionReader.open(consumer, 1) : new SharedReader(consumer);
  }
  // An ephemeral subscription has no other consumer, so nothing needs an owner.
  return entity.ordered && entity.durable ? PartitionReader.open(consumer, streams.length) : new SharedReader(consumer);
}

interface SourceOptions {
  readonly entity: core.SourceEntity;
  readonly consumer: Consumer;
  readonly membership: Membership;
  readonly reader: Reader;
  /** The number of the blocking connection on its server. */
  readonly clientId: number;
  readonly window: number;
}

class RedisSource implements core.Source {
  readonly returns: boolean;
  readonly storedFilter: core.Source["storedFilter"];
  /** One batch is in flight while the next one gathers. */
  readonly batches = 2;
  readonly #consumer: Consumer;
  readonly #membership: Membership;
  readonly #reader: Reader;
  readonly #buffer: ReadBuffer;
  readonly #notes: RetryNotes;
  readonly #settler: Settler;
  readonly #clientId: number;
  /** The topic of a subscription. */
  readonly #topic: TopicKeys | undefined;
  readonly #ending = new Ending(() => this.#free());
  #paused = false;

  constructor({ entity, consumer, membership, reader, clientId, window }: SourceOptions) {
    const { state, blocking } = consumer;
    const { ordered } = entity;
    this.returns = membership.returnQueue;
    this.storedFilter = consumer.filter === undefined ? undefined : readFilterText(consumer.filter);
    this.#consumer = consumer;
    this.#membership = membership;
    this.#reader = reader;
    this.#notes = new RetryNotes(state.connection, consumer.keys.progress);
    this.#buffer = new ReadBuffer(reader, this.#notes, state.leases, { ordered, window }, this.#ending.end);
    this.#settler = new Settler(consumer, this.#ending.end);
    this.#clientId = clientId;
    this.#topic = entity.kind === "subscription" ? topicKeys(state.settings, entity.topic.name) : undefined;
    void blocking.lost.then(this.#ending.end);
  }

  get lost(): Promise<unknown> {
    return this.#ending.lost;
  }

  receive(max: number, signal: AbortSignal): readonly core.Delivery[] | Promise<readonly core.Delivery[]> {
    if (!this.#buffer.empty || this.#ending.over || this.#paused || signal.aborted) return this.#buffer.take(max);
    if (this.#topic !== undefined) this.#consumer.state.topicTrimmer.trim(this.#topic);
    return this.#buffer.read(max, signal);
  }

  settle(
    batch: readonly core.Settlement[],
    signal: AbortSignal,
  ): readonly core.SettleResult[] | Promise<readonly core.SettleResult[]> {
    const noted: RedisDelivery[] = [];
    for (const { action, delivery } of batch) {
      // The cast is true: the core settles what this source has delivered.
      if (action !== "release" && delivery.progress !== undefined) noted.push(delivery as RedisDelivery);
    }
    const results = this.#settler.settle(batch, signal);
    if (noted.length > 0)
      void Promise.resolve(results).then(
        () => this.#notes.remove(noted),
        () => {},
      );
    return results;
  }

  extend(deliveries: readonly core.Delivery[], signal: AbortSignal): Promise<readonly (number | undefined)[]> {
    // The cast is true: the core extends what this source has handed out.
    return this.#settler.extend(deliveries as readonly RedisDelivery[], signal);
  }

  async pause(signal: AbortSignal): Promise<void> {
    this.#paused = true;
    void this.#unblock();
    await orAborted(Promise.all([this.#buffer.reading, this.#settler.flush()]), signal);
    await orAborted(this.#reader.pause(), signal);
  }

  async resume(signal: AbortSignal): Promise<void> {
    this.#paused = false;
    await orAborted(this.#reader.resume(), signal);
  }

  identify(delivery: core.Delivery): string | undefined {
    // The cast is true: the core asks about what this source has delivered.
    const { streamIndex, native } = delivery as RedisDelivery;
    return `${streamIndex}/${native.id}`;
  }

  keepProgress(delivery: core.Delivery, progress: core.RetryProgress, signal: AbortSignal): Promise<void> {
    // The cast is true: the core names what this source has delivered.
    return orAborted(this.#notes.write(delivery as RedisDelivery, progress), signal);
  }

  async flush(_exposed: readonly core.Delivery[], signal: AbortSignal): Promise<void> {
    await orAborted(this.#settler.flush(), signal);
  }

  async close(signal: AbortSignal): Promise<void> {
    if (!this.#ending.over && this.#consumer.state.connection.writable()) {
      // If this fails, other consumers do it once this one has ended.
      await this.pause(signal).catch(() => {});
      const unhandled = this.#buffer.takeAll().map((delivery) => ({ action: "release", delivery }) as const);
      await Promise.resolve(this.settle(unhandled, signal)).catch(() => []);
      await orAborted(this.#membership.leave(), signal).catch(() => {});
    }
    this.#ending.end(unavailable("the source was closed"));
  }

  /**
   * Ends the read that is running. The server may not wait for it yet, so this is tried until it has ended. In a Cluster,
   * where each node numbers its own clients, the read ends by itself, and also where the account may not do this.
   */
  async #unblock(): Promise<void> {
    const { connection, settings } = this.#consumer.state;
    const { reading } = this.#buffer;
    if (settings.mode === "cluster") return;
    while (reading !== undefined && this.#buffer.reading === reading && !this.#ending.over) {
      const unblocked = await connection.command("CLIENT", "UNBLOCK", this.#clientId).catch(() => 1);
      if (unblocked === 1) return;
      await Promise.race([reading, sleep(UNBLOCK_WAIT)]);
    }
  }

  /** Frees what the source has in this process. Without its connection the consumer counts as dead. */
  #free(): void {
    const { state, name, blocking } = this.#consumer;
    this.#membership.stop();
    state.consumers.living.delete(name);
    blocking.cut();
  }
}
