import { setTimeout as sleep } from "node:timers/promises";
import type * as core from "@anybroker/core/driver";
import { BrokerError } from "@anybroker/core/driver";
import type { LinkState } from "./cluster/link-state.ts";
import { Cluster, LOOK } from "./cluster/metadata.ts";
import type { Session } from "./cluster/session.ts";
import { CODES, codeOf } from "./protocol/error-codes.ts";
import type { Committed } from "./protocol/requests.ts";
import { nameOf } from "./protocol/topic-partition.ts";
import { purging } from "./reading/delete-handled.ts";
import { Fetching } from "./reading/fetching.ts";
import { Membership } from "./reading/membership.ts";
import { type HeldDelivery, PartitionLog } from "./reading/partition-log.ts";
import { copies } from "./settle.ts";
import { type Inlet, inletsOf } from "./topology.ts";

/** Milliseconds between two signs of life; a rebalance is noticed at the next one. */
const HEARTBEAT = 500;

/**
 * For how many milliseconds acks may be uncommitted, to be handed out again after a crash: the longer time for a few, the
 * shorter one from so many on, or a quarter of the window. With sixteen times as many nothing more is handed out.
 */
const COMMIT = 100;
const COMMIT_SOON = 2;
const MANY = 16;

/** From so many beginnings on the core reads one message at a time; it gives back what it was handed till then. */
const SUSPECT = 2;

type Opening = Parameters<core.Link["open"]>;

/** `Link.open`: starts reading a queue or subscription, on connections of its own. */
export async function openSource(
  life: LinkState,
  ...[entity, { window }, lost, signal]: Opening
): Promise<core.Source> {
  const session = await life.open(signal);
  try {
    const cluster = new Cluster(session);
    const inlets = inletsOf(entity, life.naming);
    const names = inlets.map(({ topic }) => topic);
    const there = new Set(await cluster.look(names, signal));
    const [main = ""] = names;
    if (!there.has(main)) throw new BrokerError("NOT_FOUND", `no topic ${main}`);
    const name = life.naming.source(entity);
    const durable = entity.kind === "queue" || entity.durable;
    const membership = durable ? new Membership(session, cluster, name, life.context.lease) : undefined;
    const own = { life, session, cluster, membership, name, lost };
    const found = inlets.filter(({ topic }) => there.has(topic));
    const source = new KafkaSource(own, found, durable && found.length === inlets.length);
    await source.begin(entity, window, signal);
    return source;
  } catch (error) {
    session.close();
    throw error;
  }
}

/** What a source works with. */
interface Own {
  readonly life: LinkState;
  readonly session: Session;
  readonly cluster: Cluster;
  /** Undefined: an ephemeral subscription, which is no group and reads everything. */
  readonly membership: Membership | undefined;
  readonly name: string;
  readonly lost: Opening[2];
}

class KafkaSource implements core.Source {
  readonly lost: Promise<unknown>;
  readonly returns: boolean;
  readonly #own: Own;
  readonly #inlets: readonly Inlet[];
  readonly #ending = new AbortController();
  readonly #fetching: Fetching;
  #logs = new Map<string, PartitionLog>();
  /** Whose turn it is to hand out. */
  #turn = 0;
  #window = 1;
  #paused = false;
  /** While the group is sharing out anew, nothing is handed out and nothing committed. */
  #settled = true;
  #wary = false;
  /** Whether there are partitions that are not shared out yet. */
  #grown = false;
  #wake = (): void => {};
  #committing: Promise<void> | undefined;
  /** Acks since the last commit, and before it while it is on its way. */
  #acks = 0;
  #acksOnTheWay = 0;
  #timer: NodeJS.Timeout | undefined;
  #purging: NodeJS.Timeout | undefined;

  constructor(own: Own, inlets: readonly Inlet[], returns: boolean) {
    this.#own = own;
    this.#inlets = inlets;
    this.returns = returns;
    this.#fetching = new Fetching(own, {
      logs: () => (this.#paused ? [] : [...this.#logs.values()]),
      arrived: () => this.#wake(),
      failed: (error) => this.#end(error),
      signal: this.#ending.signal,
    });
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    this.#ending.signal.addEventListener("abort", () => resolve(this.#ending.signal.reason), { once: true });
    void own.session.lost.then((reason) => this.#end(reason));
  }

  get #topics(): readonly string[] {
    return this.#inlets.map(({ topic }) => topic);
  }

  async begin(entity: core.SourceEntity, window: number, stop: AbortSignal): Promise<void> {
    const signal = AbortSignal.any([stop, this.#ending.signal]);
    this.#window = window;
    const { life, cluster, membership, name } = this.#own;
    if (membership === undefined) {
      const places = await cluster.places(this.#topics, signal);
      const ends = await cluster.offsets(places, -1, signal);
      this.#take(places.map((place, index) => ({ ...place, offset: ends[index] ?? 0, metadata: "" })));
      void this.#live();
      return;
    }
    const strays = life.strays.get(name) ?? new Set();
    for (const id of strays) {
      // It may have gone by itself.
      await membership.leave(id, signal).catch(() => {});
      strays.delete(id);
    }
    if (life.context.topology !== "create" && entity.kind === "subscription") {
      await membership.mustHaveBegun(await cluster.places(this.#topics.slice(0, 1), signal), signal);
    }
    await this.#join(signal).catch((error: unknown) => {
      // It may be a member already.
      this.#end(error);
      throw error;
    });
    void this.#live();
    this.#purging = purging(this.#own, name, () => this.#logs.values(), this.#ending.signal);
  }

  async receive(max: number, signal: AbortSignal): Promise<readonly core.Delivery[]> {
    const deliveries = this.#handOut(max);
    if (deliveries.length > 0 || signal.aborted || this.#ending.signal.aborted) return deliveries;
    await new Promise<void>((resolve) => {
      const now = this.#own.life.context.clock.now();
      const timer = setTimeout(resolve, Math.max(1, Math.min(1_000, this.#due(now) - now)));
      this.#wake = () => {
        clearTimeout(timer);
        signal.removeEventListener("abort", this.#wake);
        resolve();
      };
      signal.addEventListener("abort", this.#wake, { once: true });
    });
    return this.#handOut(max);
  }

  settle(batch: readonly core.Settlement[], signal: AbortSignal): ReturnType<core.Source["settle"]> {
    const copying: core.Settlement[] = [];
    const results = batch.map((settlement): core.SettleResult => {
      const delivery = heldOf(settlement);
      if (!delivery.held) return LOST;
      if (settlement.action === "ack") this.#done(delivery);
      else if (settlement.action === "release") delivery.log.giveBack(delivery);
      else if (settlement.action === "reject") return UNSUPPORTED;
      else copying.push(settlement);
      return undefined;
    });
    this.#stir();
    return copying.length === 0 ? results : this.#copy(batch, results, signal);
  }

  async pause(signal: AbortSignal): Promise<void> {
    this.#paused = true;
    await this.#flush(signal);
  }

  async resume(): Promise<void> {
    this.#paused = false;
    this.#stir();
  }

  async resize(window: number): Promise<void> {
    this.#window = window;
    // Everything has been given back: none of it did harm.
    for (const log of this.#logs.values()) log.begun = log.noted = -1;
  }

  async close(signal: AbortSignal): Promise<void> {
    this.#paused = true;
    const { membership } = this.#own;
    if (membership !== undefined && !this.#ending.signal.aborted && !signal.aborted) {
      // What fails here, the server finds out by itself when the lease is over.
      await this.#flush(signal, true).catch(() => {});
      this.#settled = false;
      await membership.leave(membership.member.id, signal).then(
        () => membership.left(),
        () => {},
      );
    }
    this.#end(new BrokerError("UNAVAILABLE", "the source was closed", { retryable: true }));
  }

  /** Keeps the membership, whatever handlers do, and takes part when the group shares out anew. */
  async #live(): Promise<void> {
    const { signal } = this.#ending;
    for (let beats = 1; !signal.aborted; beats += 1) {
      try {
        await sleep(HEARTBEAT, undefined, { signal });
        // Not waited for: a beat that comes late costs the membership.
        if (beats % (LOOK / HEARTBEAT) === 0) void this.#look(signal).catch((error: unknown) => this.#end(error));
        await this.#own.membership?.beat(signal);
        if (this.#grown) await this.#rebalance(signal);
      } catch (error) {
        if (signal.aborted) return;
        if (codeOf(error) !== CODES.rebalancing) return this.#end(error);
        await this.#rebalance(signal).catch((failure: unknown) => this.#end(failure));
      }
    }
  }

  /** Sees to it that partitions are read that were added, or had no leader. */
  async #look(signal: AbortSignal): Promise<void> {
    const { membership, cluster } = this.#own;
    const more = await cluster.refresh(signal);
    this.#fetching.lead([...this.#logs.values()]);
    // The leader of a group shares out for all.
    if (!more || membership?.leads === false) return;
    if (membership !== undefined) {
      this.#grown = true;
      return;
    }
    const places = await cluster.places(this.#topics, signal);
    const added = places.filter((place) => !this.#logs.has(nameOf(place)));
    this.#take(added.map((place) => ({ ...place, offset: 0, metadata: "" })));
  }

  async #rebalance(signal: AbortSignal): Promise<void> {
    this.#grown = false;
    // What is committed now is not handled again by who gets the partition. It may be too late already.
    await this.#flush(signal, true).catch(() => {});
    this.#settled = false;
    await this.#committing?.catch(() => {});
    await this.#join(signal);
  }

  async #join(signal: AbortSignal): Promise<void> {
    const { membership, cluster, lost } = this.#own;
    if (membership === undefined) return;
    // What comes first is kept first.
    const owned = [...this.#logs.values()].sort((one, other) => other.held.length - one.held.length);
    const places = await membership.join(this.#topics, owned, signal);
    // The leader has asked about them just now.
    if (!membership.leads) await cluster.look(this.#topics, signal);
    const gone = this.#topics.find((topic) => cluster.known(topic) === undefined);
    // Its partitions were not shared out, and nobody would tell us of a new one.
    if (gone !== undefined) throw new BrokerError("NOT_FOUND", `no topic ${gone}`);
    const names = new Set(places.map(nameOf));
    for (const [name, log] of this.#logs) {
      if (names.has(name)) continue;
      this.#logs.delete(name);
      const held = log.end();
      if (held.length > 0) lost(held);
    }
    const gained = places.filter((place) => !this.#logs.has(nameOf(place)));
    const offsets = gained.length === 0 ? [] : await membership.committed(gained, signal);
    const none = offsets.filter(({ offset }) => offset < 0);
    // What has no offset yet, or has lost it, begins with the oldest there is: nothing is missed.
    const first = await cluster.offsets(none, -2, signal);
    this.#take(offsets.map((one) => (one.offset < 0 ? { ...one, offset: first[none.indexOf(one)] ?? 0 } : one)));
    this.#settled = true;
    // What could not be committed meanwhile.
    void this.#commitSoon();
    this.#stir();
  }

  /** Begins to read partitions. */
  #take(offsets: readonly Committed[]): void {
    for (const from of offsets) {
      const step = this.#inlets.find(({ topic }) => topic === from.topic)?.step ?? 0;
      this.#logs.set(nameOf(from), new PartitionLog(from, step, from.offset, from.metadata));
    }
    this.#fetching.lead([...this.#logs.values()]);
  }

  #handOut(max: number): readonly HeldDelivery[] {
    const taken: HeldDelivery[] = [];
    if (this.#paused || !this.#settled || this.#ending.signal.aborted) return taken;
    if (this.#acks + this.#acksOnTheWay >= 16 * this.#many) return taken;
    const logs = [...this.#logs.values()];
    const now = this.#own.life.context.clock.now();
    const fresh: PartitionLog[] = [];
    for (let idle = 0; idle < logs.length && taken.length < max; ) {
      const log = logs[this.#turn++ % logs.length];
      const due = log?.due;
      idle += 1;
      if (log === undefined || due === undefined || due > now) continue;
      const begun = this.#mustNote(log);
      if (begun !== log.noted) {
        if (begun !== log.begun) fresh.push(log);
        continue;
      }
      const delivery = log.take();
      if (delivery === undefined) continue;
      this.#wary ||= delivery.deliveries >= SUSPECT;
      taken.push(delivery);
      idle = 0;
    }
    // One at a time, only what is handed out next is begun.
    if (this.#narrow) fresh.splice(taken.length === 0 ? 1 : 0);
    if (fresh.length > 0) void this.#note(fresh);
    if (taken.length > 0) this.#stir();
    return taken;
  }

  /** Whether one message is handed out at a time, maybe because one of them is suspected of killing its consumers. */
  get #narrow(): boolean {
    return this.#window === 1;
  }

  /** Before which offset it must be noted that we begin, before anything of it is handed out. */
  #mustNote(log: PartitionLog): number {
    if (this.#own.membership === undefined) return log.noted;
    if (this.#narrow && (this.#wary || log.starts > 0)) return log.low + 1;
    // What the core is going to give back untouched is no beginning.
    return log.starts < SUSPECT ? Number.POSITIVE_INFINITY : log.noted;
  }

  async #note(logs: readonly PartitionLog[]): Promise<void> {
    for (const log of logs) log.begun = this.#mustNote(log);
    const noting = logs.map(({ begun }) => begun);
    const noted = await this.#flush(this.#ending.signal).catch((error: unknown) => this.#judge(error));
    for (const [index, log] of logs.entries()) {
      if (noted === true) log.noted = noting[index] ?? log.noted;
      else log.begun = log.noted;
    }
    this.#wake();
  }

  /** When the next message is due that is not due yet. */
  #due(now: number): number {
    let first = Number.POSITIVE_INFINITY;
    for (const { due } of this.#logs.values()) if (due !== undefined && due > now && due < first) first = due;
    return first;
  }

  #done(delivery: HeldDelivery): void {
    delivery.log.done(delivery);
    if (this.#own.membership === undefined) return;
    this.#acks += 1;
    if (this.#acks !== this.#many) {
      this.#timer ??= setTimeout(() => void this.#commitSoon(), COMMIT);
      return;
    }
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#commitSoon(), COMMIT_SOON);
  }

  get #many(): number {
    return Math.max(MANY, this.#window >> 2);
  }

  async #commitSoon(): Promise<void> {
    await this.#flush(this.#ending.signal).catch((error: unknown) => this.#judge(error));
  }

  /** A commit that fails while the group shares out anew is made again after that; whatever else fails ends us. */
  #judge(error: unknown): false {
    if (codeOf(error) !== CODES.rebalancing) this.#end(error);
    return false;
  }

  /** Commits everything that is to be committed; false when the group is sharing out anew, so that it must wait. */
  async #flush(signal: AbortSignal, leaving = false): Promise<boolean> {
    const { membership } = this.#own;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    while (this.#committing !== undefined) await this.#committing.catch(() => {});
    if (membership === undefined) return true;
    if (!this.#settled || this.#ending.signal.aborted) return false;
    const changes = [...this.#logs.values()].flatMap((log) => {
      const change = log.commit(leaving);
      return change === undefined ? [] : [{ log, change }];
    });
    [this.#acksOnTheWay, this.#acks] = [this.#acks, 0];
    if (changes.length > 0) {
      const offsets = changes.map(({ change }) => change);
      this.#committing = membership.commit(offsets, signal).finally(() => {
        this.#committing = undefined;
      });
      await this.#committing;
      for (const { log, change } of changes) log.committed = change;
    }
    this.#acksOnTheWay = 0;
    this.#wake();
    return true;
  }

  async #copy(
    batch: readonly core.Settlement[],
    results: core.SettleResult[],
    signal: AbortSignal,
  ): Promise<readonly core.SettleResult[]> {
    const failures = await copies(this.#own.life, this.#own.name, batch, results, signal);
    for (const [index, settlement] of batch.entries()) {
      const delivery = heldOf(settlement);
      if (results[index] !== undefined || !failures.has(index)) continue;
      const error = failures.get(index);
      if (!delivery.held) results[index] = LOST;
      else if (error !== undefined) results[index] = { error, lost: false };
      else this.#done(delivery);
    }
    // What is committed with its copy is not handed out beside it, should the connection be lost now.
    await this.#commitSoon();
    this.#stir();
    return results;
  }

  #stir(): void {
    this.#fetching.stir();
    this.#wake();
  }

  #stray(): void {
    const { life, membership, name } = this.#own;
    if (membership === undefined || membership.member.id === "") return;
    const strays = life.strays.get(name) ?? new Set();
    life.strays.set(name, strays.add(membership.member.id));
  }

  #end(reason: unknown): void {
    if (this.#ending.signal.aborted) return;
    this.#stray();
    clearTimeout(this.#timer);
    clearInterval(this.#purging);
    this.#ending.abort(reason);
    this.#own.session.close();
    for (const log of this.#logs.values()) log.end();
    this.#stir();
  }
}

function heldOf({ delivery }: core.Settlement): HeldDelivery {
  // The cast is true: the core settles what this source has handed out.
  return delivery as HeldDelivery;
}

const LOST: core.SettleFailure = {
  error: new BrokerError(
    "LEASE_LOST",
    "the partition has gone to another consumer, or the delivery was settled before",
  ),
  lost: true,
};

const UNSUPPORTED: core.SettleFailure = {
  error: new BrokerError("UNSUPPORTED", "Kafka has no dead letters of its own"),
  lost: false,
};
