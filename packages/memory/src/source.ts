import { clearTimeout, setTimeout } from "node:timers";
import {
  type Delivery,
  Ending,
  type OnLost,
  type RetryProgress,
  type Settlement,
  type SettleResult,
  type Source,
  type SourceEntity,
} from "@anybroker/core/driver";
import type { Endable } from "./broker/endable.ts";
import { MemoryError } from "./broker/memory-error.ts";
import type { Entry } from "./broker/message.ts";
import type { QueueStore } from "./broker/queue-store.ts";
import type { Reader } from "./broker/reader.ts";
import type { Leaseholder } from "./broker/timers.ts";
import { type HeldDeliveries, settleOne } from "./settle.ts";
import type { LinkState } from "./state/link-state.ts";
import { sourceStore, topicStore } from "./topology.ts";
import { MemoryDelivery } from "./wire.ts";

/** How long `receive` waits for a message, in ms of real time: no clock of the user decides it. */
const RECEIVE_WAIT = 1_000;
const NO_DELIVERIES: readonly MemoryDelivery[] = [];

/** `Link.open`. An ephemeral subscription begins here, and ends with its source. */
export function openSource(link: LinkState, entity: SourceEntity, onLost: OnLost): Source {
  link.connection.check();
  if (entity.kind === "queue" || entity.durable) {
    return new MemorySource(link, sourceStore(link, entity), onLost, () => {});
  }
  const topic = topicStore(link, entity.topic);
  const store = topic.subscribe(entity, link.naming.source(entity));
  topic.ephemeral.add(store);
  return new MemorySource(link, store, onLost, () => {
    if (topic.ephemeral.delete(store)) store.delete();
  });
}

/** One reader of a queue or subscription, with the leases that it holds. */
class MemorySource implements Source, Reader, Leaseholder, Endable {
  /** A retry goes back into the store that the source reads, so it is always there. */
  readonly returns = true;
  /** The topic applies it when a message is published. */
  readonly storedFilter = { filter: undefined };
  capacity = 0;
  readonly #link: LinkState;
  readonly #store: QueueStore;
  readonly #held: HeldDeliveries;
  readonly #onLost: OnLost;
  readonly #afterEnd: () => void;
  readonly #ending = new Ending<MemoryError>(() => this.#onEnd());
  /** Resolves the call of `receive` that waits. */
  #finishWait: ((deliveries: readonly MemoryDelivery[]) => void) | undefined;
  #paused = false;

  constructor(link: LinkState, store: QueueStore, onLost: OnLost, afterEnd: () => void) {
    const { instance } = link.connection;
    this.#link = link;
    this.#store = store;
    this.#held = { instance, store, deliveries: new Map() };
    this.#onLost = onLost;
    this.#afterEnd = afterEnd;
    store.readers.add(this);
    instance.timers.leaseholders.add(this);
    link.connection.add(this);
  }

  get lost(): Promise<unknown> {
    return this.#ending.lost;
  }

  receive(max: number, signal: AbortSignal): readonly Delivery[] | Promise<readonly Delivery[]> {
    if (this.#ending.over || signal.aborted) return NO_DELIVERIES;
    const entries = this.#paused ? [] : this.#store.take(this, max);
    return entries.length > 0 ? this.#deliver(entries) : this.#wait(max, signal);
  }

  held(): readonly Entry[] {
    return Array.from(this.#held.deliveries.values(), ({ entry }) => entry);
  }

  accept(entries: readonly Entry[]): void {
    this.#finishWait?.(this.#deliver(entries));
  }

  settle(batch: readonly Settlement[]): readonly SettleResult[] {
    return batch.map((settlement) => settleOne(this.#held, settlement));
  }

  extend(deliveries: readonly Delivery[]): Promise<readonly (number | undefined)[]> {
    const { timers } = this.#held.instance;
    const until = timers.now + this.#link.lease;
    const ends = deliveries.map((delivery) => {
      const held = this.#held.deliveries.get(delivery);
      if (held === undefined) return undefined;
      held.leaseUntil = until;
      // Now its lease ends last.
      this.#held.deliveries.delete(delivery);
      this.#held.deliveries.set(delivery, held);
      return until;
    });
    timers.wakeAt(until);
    return Promise.resolve(ends);
  }

  pause(): Promise<void> {
    this.#paused = true;
    this.#store.stopWaiting(this);
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#paused = false;
    if (this.#finishWait !== undefined) this.#store.wait(this);
    return Promise.resolve();
  }

  identify(delivery: Delivery): string | undefined {
    return delivery instanceof MemoryDelivery ? `${this.#store.id}/${delivery.entry.seq}` : undefined;
  }

  keepProgress(delivery: Delivery, progress: RetryProgress): Promise<void> {
    const held = this.#held.deliveries.get(delivery);
    if (held !== undefined) held.entry.progress = progress;
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.end(new MemoryError("closed", "the source was closed"));
    return Promise.resolve();
  }

  get nextExpiry(): number {
    return this.#held.deliveries.values().next().value?.leaseUntil ?? Number.POSITIVE_INFINITY;
  }

  expire(now: number): void {
    const expired: MemoryDelivery[] = [];
    for (const delivery of this.#held.deliveries.values()) {
      if ((delivery.leaseUntil ?? 0) > now) break;
      expired.push(delivery);
    }
    if (expired.length === 0) return;
    const lost = this.#store.shape.ordered ? this.#withTheirKeys(expired) : expired;
    for (const delivery of lost) {
      this.#held.deliveries.delete(delivery);
      this.#store.giveBack(delivery.entry);
    }
    this.#onLost(lost);
  }

  end(reason: MemoryError): void {
    this.#ending.end(reason);
  }

  storeDeleted(): void {
    const lost = [...this.#held.deliveries.values()];
    this.#held.deliveries.clear();
    if (lost.length > 0) this.#onLost(lost);
    this.end(new MemoryError("missing", `${this.#store.shape.name} was deleted`));
  }

  #onEnd(): void {
    this.#store.readers.delete(this);
    this.#held.instance.timers.leaseholders.delete(this);
    this.#finishWait?.(NO_DELIVERIES);
    for (const { entry } of this.#held.deliveries.values()) this.#store.giveBack(entry);
    this.#held.deliveries.clear();
    this.#link.connection.remove(this);
    this.#afterEnd();
  }

  #wait(max: number, signal: AbortSignal): Promise<readonly Delivery[]> {
    return new Promise((resolve) => {
      const finish = (deliveries: readonly MemoryDelivery[]): void => {
        this.#finishWait = undefined;
        this.#store.stopWaiting(this);
        clearTimeout(timer);
        signal.removeEventListener("abort", finishEmpty);
        resolve(deliveries);
      };
      const finishEmpty = (): void => finish(NO_DELIVERIES);
      const timer = setTimeout(finishEmpty, RECEIVE_WAIT);
      signal.addEventListener("abort", finishEmpty, { once: true });
      this.#finishWait = finish;
      this.capacity = max;
      if (!this.#paused) this.#store.wait(this);
    });
  }

  #deliver(entries: readonly Entry[]): readonly MemoryDelivery[] {
    const { instance, store, deliveries } = this.#held;
    const until = instance.timers.now + this.#link.lease;
    instance.timers.wakeAt(until);
    return entries.map((entry) => {
      const delivery = new MemoryDelivery(entry, store.shape.name, entry.deliveries - 1, until);
      deliveries.set(delivery, delivery);
      return delivery;
    });
  }

  /** On an ordered store, when one message of a key goes to another consumer, the later ones must go too. */
  #withTheirKeys(expired: readonly MemoryDelivery[]): readonly MemoryDelivery[] {
    const keys = new Set(expired.map(({ key = "" }) => key));
    return [...this.#held.deliveries.values()].filter(({ key = "" }) => keys.has(key));
  }
}
