import { clearTimeout, setTimeout } from "node:timers";
import type { Delivery, Settlement, SettleResult, Source } from "@anybroker/core/driver";
import type { Endable, Instance } from "./broker/instance.ts";
import { MemoryError } from "./broker/memory-error.ts";
import type { Entry } from "./broker/message.ts";
import type { QueueStore } from "./broker/queue-store.ts";
import type { Taker } from "./broker/ready.ts";
import type { Leaseholder } from "./broker/timing.ts";
import { MemoryDelivery } from "./wire.ts";

/** How long `receive` waits for a message, in real time: it is no policy. */
const PATIENCE = 1_000;
const NONE: readonly MemoryDelivery[] = [];
const NO_CHANGES = {};

/** What a source is made from. */
export interface SourceParts {
  readonly instance: Instance;
  readonly store: QueueStore;
  readonly lease: number;
  /** Called with deliveries whose lease has ended. */
  readonly onLost: (deliveries: readonly Delivery[]) => void;
  /** Called once, when the source has ended. */
  readonly onEnd: (source: Endable) => void;
}

/** One reader of a queue or subscription, and the leases it holds. */
export class MemorySource implements Source, Taker, Leaseholder, Endable {
  readonly lost: Promise<unknown>;
  readonly returns = true;
  wants = 0;
  readonly #parts: SourceParts;
  readonly #resolveLost: (reason: unknown) => void;
  /** In the order in which the leases end. */
  readonly #held = new Map<Delivery, MemoryDelivery>();
  #finishWait: ((deliveries: readonly MemoryDelivery[]) => void) | undefined;
  #paused = false;
  #ended = false;

  constructor(parts: SourceParts) {
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    this.#resolveLost = resolve;
    this.#parts = parts;
    parts.store.readers.add(this);
    parts.instance.timing.holders.add(this);
  }

  receive(max: number, signal: AbortSignal): readonly Delivery[] | Promise<readonly Delivery[]> {
    if (this.#ended || signal.aborted) return NONE;
    const entries = this.#paused ? [] : this.#parts.store.take(this, max);
    return entries.length > 0 ? this.#hand(entries) : this.#wait(max, signal);
  }

  accept(entries: readonly Entry[]): void {
    this.#finishWait?.(this.#hand(entries));
  }

  settle(batch: readonly Settlement[]): readonly SettleResult[] {
    return batch.map((settlement) => this.#settleOne(settlement));
  }

  extend(deliveries: readonly Delivery[]): Promise<readonly (number | undefined)[]> {
    const { timing } = this.#parts.instance;
    const until = timing.now + this.#parts.lease;
    const ends = deliveries.map((delivery) => {
      const held = this.#held.get(delivery);
      if (held === undefined) return undefined;
      held.leaseUntil = until;
      this.#held.delete(delivery);
      this.#held.set(delivery, held);
      return until;
    });
    timing.wakeAt(until);
    return Promise.resolve(ends);
  }

  pause(): Promise<void> {
    this.#paused = true;
    this.#parts.store.stopWaiting(this);
    return Promise.resolve();
  }

  resume(): Promise<void> {
    this.#paused = false;
    if (this.#finishWait !== undefined) this.#parts.store.wait(this);
    return Promise.resolve();
  }

  /** What is asked of `receive` is the only window there is. */
  resize(): Promise<void> {
    return Promise.resolve();
  }

  close(): Promise<void> {
    this.end(new MemoryError("closed", "the source was closed"));
    return Promise.resolve();
  }

  get nextExpiry(): number {
    return this.#held.values().next().value?.leaseUntil ?? Number.POSITIVE_INFINITY;
  }

  expire(now: number): void {
    const expired: MemoryDelivery[] = [];
    for (const delivery of this.#held.values()) {
      if ((delivery.leaseUntil ?? 0) > now) break;
      expired.push(delivery);
    }
    if (expired.length === 0) return;
    const gone = this.#parts.store.shape.ordered ? this.#withTheirKeys(expired) : expired;
    for (const delivery of gone) {
      this.#held.delete(delivery);
      this.#parts.store.giveBack(delivery.entry);
    }
    this.#parts.onLost(gone);
  }

  end(reason: MemoryError): void {
    if (this.#ended) return;
    this.#ended = true;
    const { instance, store, onEnd } = this.#parts;
    store.readers.delete(this);
    instance.timing.holders.delete(this);
    this.#finishWait?.(NONE);
    for (const { entry } of this.#held.values()) store.giveBack(entry);
    this.#held.clear();
    onEnd(this);
    this.#resolveLost(reason);
  }

  /** What it holds has gone with the store. */
  storeDeleted(): void {
    const gone = [...this.#held.values()];
    this.#held.clear();
    if (gone.length > 0) this.#parts.onLost(gone);
    this.end(new MemoryError("missing", `${this.#parts.store.shape.name} was deleted`));
  }

  #wait(max: number, signal: AbortSignal): Promise<readonly Delivery[]> {
    return new Promise((resolve) => {
      const finish = (deliveries: readonly MemoryDelivery[]): void => {
        this.#finishWait = undefined;
        this.#parts.store.stopWaiting(this);
        clearTimeout(timer);
        signal.removeEventListener("abort", none);
        resolve(deliveries);
      };
      const none = (): void => finish(NONE);
      const timer = setTimeout(none, PATIENCE);
      signal.addEventListener("abort", none, { once: true });
      this.#finishWait = finish;
      this.wants = max;
      if (!this.#paused) this.#parts.store.wait(this);
    });
  }

  #hand(entries: readonly Entry[]): readonly MemoryDelivery[] {
    const { instance, store, lease } = this.#parts;
    const until = instance.timing.now + lease;
    instance.timing.wakeAt(until);
    return entries.map((entry) => {
      const delivery = new MemoryDelivery(entry, store.shape.name, entry.deliveries - 1, until);
      this.#held.set(delivery, delivery);
      return delivery;
    });
  }

  #settleOne(settlement: Settlement): SettleResult {
    const held = this.#held.get(settlement.delivery);
    if (held === undefined)
      return { error: new MemoryError("lease-lost", "the delivery is no longer ours"), lost: true };
    const { instance, store } = this.#parts;
    const { action } = settlement;
    const fault = instance.fault(() => ({ kind: "settle", source: store.shape.name, id: held.id, action }));
    if (fault === "refuse")
      return { error: new MemoryError("refused", `the fault hook refused: ${action}`), lost: false };
    this.#held.delete(settlement.delivery);
    this.#apply(settlement, held.entry);
    if (fault === undefined) return undefined;
    return { error: new MemoryError("unconfirmed", `the fault hook held back the answer: ${action}`), lost: true };
  }

  #apply(settlement: Settlement, entry: Entry): void {
    const { store } = this.#parts;
    if (settlement.action === "ack") store.ack(entry);
    else if (settlement.action === "release") store.release(entry);
    else if (settlement.action === "retry") store.retry(entry, settlement.headers, settlement.delay);
    else store.deadLetter(entry, settlement.action === "deadLetter" ? settlement.headers : NO_CHANGES);
  }

  /** Nobody else may have a later message of a key that goes to somebody else. */
  #withTheirKeys(expired: readonly MemoryDelivery[]): readonly MemoryDelivery[] {
    const keys = new Set(expired.map(({ key = "" }) => key));
    return [...this.#held.values()].filter(({ key = "" }) => keys.has(key));
  }
}
