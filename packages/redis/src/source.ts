import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import { UNSEEN } from "./census.ts";
import { unavailable } from "./connection.ts";
import { classify, isAnswer, notFound } from "./errors.ts";
import { keysOf, type Life } from "./life.ts";
import { OrderedReader } from "./ordered-reader.ts";
import { type Reader, type Reading, SharedReader, tick } from "./reader.ts";
import { BEGIN, KEEP, MOVE, SWEEP } from "./scripts.ts";
import { trim } from "./send.ts";
import { type Feed, type SourceKeys, startOf, topicKeys } from "./topology.ts";
import { copyFields, pack, type RedisDelivery } from "./wire.ts";

/** A read from here on finds nothing, and shows that the consumer lives. */
const LAST_ID = "18446744073709551614-0";

/** Most batches of acks on their way. */
const MOST_ACKS = 4;

type Opening = Parameters<core.Link["open"]>;
/** What is done to deliveries without a copy; `done` is an ack that does not look whether we still hold them. */
type Keeping = "ack" | "done" | "release" | "extend";
type Copying = Extract<core.Settlement, { readonly headers: unknown }>;

/** `Link.open`: starts reading a queue or subscription, on a connection of its own. */
export async function openSource(life: Life, ...[entity, { window }, , signal]: Opening): Promise<core.Source> {
  const id = `${life.prefix}${randomUUID().slice(0, 8)}-`;
  let name = `${id}${life.context.lease}`;
  const blocking = await life.another(signal, name);
  try {
    // Tried again, since ioredis does not tell whether it may.
    const unseen = blocking.command("CLIENT", "SETNAME", name).then(
      () => false,
      () => true,
    );
    if (await orAborted(unseen, signal)) name = `${id}${UNSEEN}${life.context.lease}`;
    life.census.own.add(name);
    const keys = await orAborted(keysOf(life, entity), signal);
    const ephemeral = entity.kind === "subscription" && !entity.durable;
    const feeds = ephemeral ? [await begin(life, keys, entity.from, name)] : await existing(life, keys, name);
    const reading: Reading = { life, feeds, dead: keys.dead, name, blocking };
    // Of a group that is its own it is the only reader.
    const ordered = !ephemeral && (entity.ordered || (entity.kind === "queue" && feeds.length > 1));
    const reader = ordered
      ? await OrderedReader.open(reading, keys, entity.kind === "queue" ? 1 : feeds.length)
      : new SharedReader(reading);
    const number = Number(await orAborted(blocking.command("CLIENT", "ID"), signal));
    return new RedisSource(entity, keys, reading, reader, number, window);
  } catch (error) {
    life.census.own.delete(name);
    blocking.cut();
    throw error;
  }
}

/** Makes the group of an ephemeral subscription; its name has a part that no subscription's has. */
async function begin(
  { connection }: Life,
  { feeds: [{ stream, group, delay }] }: SourceKeys,
  from: core.SubscriptionEntity["from"],
  name: string,
): Promise<Feed> {
  const own = `${group}.${randomUUID()}`;
  await connection.run(BEGIN, [stream], own, startOf(from), name);
  return { stream, group: own, delay, only: false };
}

/** The streams to read: without a return queue, should nobody have made one, and we may not. */
async function existing(life: Life, keys: SourceKeys, name: string): Promise<readonly Feed[]> {
  const feeds: Feed[] = [];
  for (const [at, feed] of keys.feeds.entries()) {
    try {
      await tick({ ...keys, life, name }, [at], 0);
      feeds.push(feed);
    } catch (error) {
      const needed = feeds.length === 0 || life.context.topology === "create";
      if (needed || classify(error).code !== "NOT_FOUND") throw error;
    }
  }
  return feeds;
}

class RedisSource implements core.Source {
  readonly lost: Promise<unknown>;
  readonly returns: boolean;
  /** One is on its way while the next gathers. */
  readonly batches = 2;
  readonly #entity: core.SourceEntity;
  readonly #keys: SourceKeys;
  readonly #reading: Reading;
  readonly #reader: Reader;
  readonly #clientId: number;
  readonly #end: (reason: unknown) => void;
  readonly #touching: NodeJS.Timeout | undefined;
  #ended = false;
  #paused = false;
  /** Acks that were answered and are on their way. */
  readonly #acks = new Set<Promise<void>>();
  #buffer: RedisDelivery[] = [];
  /** Most that one read asks for. */
  #most: number;
  #next: Promise<void> | undefined;

  constructor(
    entity: core.SourceEntity,
    keys: SourceKeys,
    reading: Reading,
    reader: Reader,
    clientId: number,
    window: number,
  ) {
    const { life, name, blocking } = reading;
    this.#most = mostOf(window);
    this.#entity = entity;
    this.#keys = keys;
    this.#reading = reading;
    this.#reader = reader;
    this.#clientId = clientId;
    const ephemeral = entity.kind === "subscription" && !entity.durable;
    this.returns = !ephemeral && life.context.topology === "create";
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    this.#end = (reason) => {
      this.#ended = true;
      clearInterval(this.#touching);
      life.census.own.delete(name);
      life.sources.delete(this.#end);
      blocking.cut();
      resolve(reason);
    };
    life.sources.add(this.#end);
    void blocking.lost.then(this.#end);
    if (ephemeral) this.#touching = setInterval(() => this.#touch(), life.context.lease / 3).unref();
    // It may have gone while this was opened.
    if (!life.connection.writable()) this.#end(unavailable("the connection is closing"));
  }

  receive(max: number, signal: AbortSignal): readonly core.Delivery[] | Promise<readonly core.Delivery[]> {
    if (this.#buffer.length > 0 || this.#ended || this.#paused || signal.aborted) return this.#cut(max);
    this.#next ??= this.#fill(max).finally(() => {
      this.#next = undefined;
    });
    const over = (): readonly core.Delivery[] => (signal.aborted ? [] : this.#cut(max));
    return orAborted(this.#next, signal).then(over, over);
  }

  settle(
    batch: readonly core.Settlement[],
    signal: AbortSignal,
  ): readonly core.SettleResult[] | Promise<readonly core.SettleResult[]> {
    const results: core.SettleResult[] = Array.from({ length: batch.length });
    const work: Promise<void>[] = [];
    const { clock, lease } = this.#reading.life.context;
    // With so much of its lease left nobody else can have it: its ack is answered before Redis has it.
    const sure = clock.now() + lease / 4;
    const groups: { readonly what: Keeping; readonly feed: number; readonly places: number[] }[] = [];
    for (const [index, settlement] of batch.entries()) {
      if ("headers" in settlement) work.push(this.#move(settlement, index, results));
      else if (settlement.action === "reject") results[index] = NO_REJECT;
      else {
        const { heldUntil, feed } = deliveryOf(settlement);
        const what = settlement.action === "release" ? "release" : heldUntil > sure ? "done" : "ack";
        const group = groups.find((one) => one.feed === feed && one.what === what);
        if (group === undefined) groups.push({ what, feed, places: [index] });
        else group.places.push(index);
      }
    }
    for (const { what, feed, places } of groups) {
      if (what === "done") this.#ackLater(feed, batch, places);
      else work.push(this.#keep(what, feed, batch, places, results));
    }
    // Not more on their way than Redis keeps up with.
    if (this.#acks.size > MOST_ACKS) work.push(Promise.race(this.#acks));
    return work.length === 0 ? results : orAborted(Promise.all(work), signal).then(() => results);
  }

  async extend(deliveries: readonly core.Delivery[], signal: AbortSignal): Promise<readonly (number | undefined)[]> {
    const { context } = this.#reading.life;
    const until = context.clock.now() + context.lease;
    const batch = deliveries.map((delivery) => ({ action: "ack", delivery }) as const);
    const results: core.SettleResult[] = Array.from({ length: batch.length });
    const work = this.#reading.feeds.map(async (_, feed) => {
      const places = [...batch.keys()].filter((index) => deliveryOf(batch[index]).feed === feed);
      if (places.length > 0) await this.#keep("extend", feed, batch, places, results);
    });
    await orAborted(Promise.all(work), signal);
    const failed = results.find((result) => result !== undefined && !result.lost);
    if (failed !== undefined) throw failed.error;
    return results.map((result, index) => {
      if (result !== undefined) return undefined;
      deliveryOf(batch[index]).heldUntil = until;
      return until;
    });
  }

  async pause(signal: AbortSignal): Promise<void> {
    this.#paused = true;
    const { connection, settings } = this.#reading.life;
    // Where this is not allowed the read ends by itself, as in a Cluster, in which each node numbers its own clients.
    if (this.#next !== undefined && settings.mode !== "cluster") {
      connection.command("CLIENT", "UNBLOCK", this.#clientId).catch(() => {});
    }
    await orAborted(Promise.all([this.#next, ...this.#acks]), signal);
    await orAborted(this.#reader.pause(), signal);
  }

  async resume(signal: AbortSignal): Promise<void> {
    this.#paused = false;
    await orAborted(this.#reader.resume(), signal);
  }

  async resize(window: number, _signal: AbortSignal): Promise<void> {
    this.#most = mostOf(window);
  }

  async close(signal: AbortSignal): Promise<void> {
    const { life, feeds, name } = this.#reading;
    if (!this.#ended) {
      await this.pause(signal).catch(() => {});
      const unseen = this.#buffer.splice(0).map((delivery) => ({ action: "release", delivery }) as const);
      await Promise.resolve(this.settle(unseen, signal)).catch(() => []);
      const work = feeds.map(({ stream, group }) =>
        this.#touching === undefined
          ? life.connection.run(SWEEP, [stream], group, name)
          : life.connection.command("XGROUP", "DESTROY", stream, group),
      );
      await orAborted(Promise.allSettled(work), signal).catch(() => {});
    }
    this.#end(unavailable("the source was closed"));
  }

  /** Waits for the next deliveries, and puts them into the buffer. */
  async #fill(max: number): Promise<void> {
    const { life } = this.#reading;
    if (this.#entity.kind === "subscription") trim(life, topicKeys(life.settings, this.#entity.topic.name));
    try {
      this.#buffer.push(...(await this.#reader.read(Math.min(max, this.#most))));
    } catch (error) {
      this.#end(error);
    }
  }

  #cut(max: number): readonly RedisDelivery[] {
    const now = this.#reading.life.context.clock.now();
    const cut = this.#buffer.splice(0, max);
    // What has waited here for too long is somebody else's by now.
    return cut.every(({ leaseUntil }) => leaseUntil > now) ? cut : cut.filter(({ leaseUntil }) => leaseUntil > now);
  }

  #touch(): void {
    const { connection } = this.#reading.life;
    for (const { stream, group } of this.#reading.feeds) {
      const read = ["GROUP", group, this.#reading.name, "COUNT", 1, "STREAMS", stream, LAST_ID];
      connection.command("XREADGROUP", ...read).catch(() => {});
    }
  }

  /** Acks whose answer nobody waits for; what Redis refuses ends the source, and is handed out again. */
  #ackLater(feed: number, batch: readonly core.Settlement[], places: readonly number[]): void {
    const results: core.SettleResult[] = [];
    const acking = this.#keep("done", feed, batch, places, results).then(() => {
      this.#acks.delete(acking);
      const refused = results.find((result) => result !== undefined);
      if (refused !== undefined) this.#end(refused.error);
    });
    this.#acks.add(acking);
  }

  /** Does to the deliveries at these places what needs no copy. */
  async #keep(
    what: Keeping,
    at: number,
    batch: readonly core.Settlement[],
    places: readonly number[],
    results: core.SettleResult[],
  ): Promise<void> {
    const { life, feeds, name } = this.#reading;
    const { stream = "", group = "", only = false } = feeds[at] ?? {};
    const deliveries = places.map((place) => deliveryOf(batch[place]));
    const ids = deliveries.map(({ native, deliveries: count }) =>
      what === "release" ? `${native.id} ${count}` : native.id,
    );
    try {
      // One long text costs far less than many arguments.
      const way = only ? life.deletion : "";
      const answer = await life.connection.run(KEEP, [stream], group, name, what, way, ids.join(" "));
      // The cast is true: that is what the script answers.
      for (const index of answer as readonly number[]) results[places[index] ?? -1] = LOST;
    } catch (error) {
      for (const place of places) results[place] = failed(error);
    }
  }

  /** Puts a copy into its place and takes the original away, in one step. */
  async #move(settlement: Copying, index: number, results: core.SettleResult[]): Promise<void> {
    const { connection, context, promoter, deletion } = this.#reading.life;
    const delivery = deliveryOf(settlement);
    const { stream = "", group = "", only = false } = this.#reading.feeds[delivery.feed] ?? {};
    const back = this.#keys.back(delivery.key);
    const { dead } = this.#keys;
    const wait = settlement.action === "retry" ? Math.ceil(settlement.delay) : 0;
    const to = settlement.action === "deadLetter" ? dead : wait > 0 ? back.delay : back.stream;
    const kind = to === back.delay ? "delay" : to === dead && context.topology === "create" ? "new" : "stream";
    const fields = pack(copyFields(delivery.native, settlement.headers));
    try {
      const origin = [group, this.#reading.name, delivery.native.id, only ? deletion : ""];
      const answer = await connection.run(MOVE, [stream, to], ...origin, kind, wait, fields);
      if (wait > 0) promoter.arm(back, wait);
      if (answer === 0) results[index] = LOST;
      if (answer === -1) results[index] = { error: notFound(`stream ${to}`), lost: false };
    } catch (error) {
      results[index] = failed(error);
    }
  }
}

/** A server that has refused it has changed nothing; without the group nothing is held. */
function failed(error: unknown): core.SettleFailure {
  return { error, lost: !isAnswer(error) || classify(error).code === "NOT_FOUND" };
}

/** Half of the window, so that the next are on their way while these are handled; few are not worth a read each. */
function mostOf(window: number): number {
  return Math.max(32, Math.ceil(window / 2));
}

function deliveryOf(settlement: core.Settlement | undefined): RedisDelivery {
  // The cast is true: the core settles what this source has handed out.
  return settlement?.delivery as RedisDelivery;
}

const LOST: core.SettleFailure = {
  error: new BrokerError("LEASE_LOST", "somebody else has the delivery, or it was settled before"),
  lost: true,
};

const NO_REJECT: core.SettleFailure = {
  error: new BrokerError("UNSUPPORTED", "Redis has no dead letters of its own"),
  lost: false,
};
