import type { MessageSource } from "../api/message.ts";
import { Bag } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import { Waiters } from "../base/wait.ts";
import type { Delivery } from "../contract/message.ts";
import type { Settlement, SettleResult } from "../contract/settlement.ts";
import type { Source } from "../contract/source.ts";
import type { Held } from "./held.ts";
import { type LeaseEvents, leaseKeeper } from "./leases.ts";

/** A settlement on its way, and who is told how it went. */
interface Pending {
  readonly settlement: Settlement;
  readonly done: (result: SettleResult) => void;
}

/**
 * One life of an open source, and every delivery that came from it and is not settled. When it ends they are void:
 * nothing of it can reach a later life. Settlements are handed over once per turn of the event loop.
 */
export class Life {
  readonly source: Source;
  window: number;
  readonly messageSource: MessageSource;
  readonly held: Bag<Held> = new Bag();
  readonly #events: LeaseEvents;
  readonly #ending = new AbortController();
  readonly #leases: { watch(leaseUntil: number): void };
  readonly #changed = new Waiters();
  #batch: Pending[] = [];
  #inFlight = 0;

  constructor(source: Source, window: number, messageSource: MessageSource, clock: Clock, events: LeaseEvents) {
    this.source = source;
    this.window = window;
    this.messageSource = messageSource;
    this.#events = events;
    const lost = (messages: readonly Held[]): void => this.#lose(messages, "its lease was lost");
    this.#leases = leaseKeeper(source, clock, this.held, this.signal, { lost, failed: events.failed });
  }

  /** Aborts when this life is over. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get alive(): boolean {
    return !this.#ending.signal.aborted;
  }

  hold(message: Held): void {
    this.held.add(message);
    if (message.leaseUntil !== undefined) this.#leases.watch(message.leaseUntil);
  }

  settle(settlement: Settlement, done: (result: SettleResult) => void): void {
    if (!this.alive) return done({ error: new Error("the source is gone"), lost: true });
    if (this.#batch.length === 0) setImmediate(() => this.#flush());
    this.#batch.push({ settlement, done });
  }

  /** It is settled: it no longer counts. */
  drop(held: Held): void {
    this.held.remove(held);
    this.#changed.wake();
  }

  /** Resolves when something held was settled or lost, or the signal aborts. */
  change(signal: AbortSignal): Promise<void> {
    return this.#changed.wait(signal);
  }

  /** The broker took these back. */
  takenBack(deliveries: readonly Delivery[]): void {
    const gone = new Set(deliveries);
    this.#lose(
      this.held.all().filter((held) => gone.has(held.delivery)),
      "the broker took it back",
    );
  }

  /** Waits until every settlement asked for has been answered. */
  async settled(signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.signal]);
    while (!stop.aborted && (this.#batch.length > 0 || this.#inFlight > 0)) await this.change(stop);
  }

  /** Nothing of it is ours any more. */
  end(why: string): void {
    if (!this.alive) return;
    this.#ending.abort(new Error(why));
    for (const pending of this.#batch.splice(0)) pending.done({ error: new Error(why), lost: true });
    this.#lose(this.held.all(), why);
  }

  #lose(messages: readonly Held[], why: string): void {
    if (messages.length === 0) return;
    for (const held of messages) {
      this.held.remove(held);
      held.state = "lost";
      held.abort(new BrokerError("LEASE_LOST", `the message is no longer held: ${why}`));
    }
    this.#events.lost(messages);
    this.#changed.wake();
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.length === 0 || this.#inFlight >= (this.source.batches ?? Number.POSITIVE_INFINITY)) return;
    this.#batch = [];
    this.#inFlight += 1;
    const answered = (results: readonly SettleResult[]): void => {
      this.#inFlight -= 1;
      batch.forEach((pending, index) => {
        pending.done(index < results.length ? results[index] : unreported());
      });
      this.#changed.wake();
      this.#flush();
    };
    const failed = (error: unknown): void => answered(batch.map(() => ({ error, lost: !this.alive })));
    try {
      const answer = this.source.settle(
        batch.map((pending) => pending.settlement),
        this.signal,
      );
      if (answer instanceof Promise) answer.then(answered, failed);
      else answered(answer);
    } catch (error) {
      failed(error);
    }
  }
}

function unreported(): SettleResult {
  return { error: new Error("the driver did not report what became of the settlement"), lost: true };
}
