import type { MessageSource } from "../api/message.ts";
import { Bag } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import { Waiters } from "../base/wait.ts";
import type { Filter } from "../contract/entities.ts";
import type { Delivery } from "../contract/message.ts";
import type { Settlement, SettleResult } from "../contract/settlement.ts";
import type { Source } from "../contract/source.ts";
import type { HeldMessage, Holder } from "./held-message.ts";
import { leaseKeeper } from "./lease-keeper.ts";
import type { RetryMeans } from "./retry-decision.ts";

/** A settlement, with the callback for its result. */
interface Pending {
  readonly settlement: Settlement;
  readonly done: (result: SettleResult) => void;
}

/** Reports of the holdings. `doing` names the operation that an error interrupted. */
export interface HoldingsEvents {
  lost(messages: readonly HeldMessage[]): void;
  /** Leases have ended. Called before their messages are reported as lost. */
  leasesEnded(): void;
  failed(error: unknown, doing: string): void;
}

/**
 * The messages of one open source that are not settled, with their leases and pending settlements. Settlements go to
 * the driver once per turn of the event loop. When the source ends, everything here is void, and none of it can reach a
 * source that is opened later.
 */
export class Holdings implements Holder {
  readonly source: Source;
  readonly messageSource: MessageSource;
  readonly retryMeans: RetryMeans;
  readonly filter: Filter | undefined;
  readonly #held = new Bag<HeldMessage>();
  readonly #events: HoldingsEvents;
  readonly #ending = new AbortController();
  readonly #leases: { watch(leaseUntil: number): void };
  readonly #changed = new Waiters();
  /** Settlements for the next turn of the event loop. */
  #batch: Pending[] = [];
  /** Settlements that the driver has. */
  readonly #inFlight = new Set<Pending[]>();

  constructor(
    source: Source,
    messageSource: MessageSource,
    retryMeans: RetryMeans,
    filter: Filter | undefined,
    clock: Clock,
    events: HoldingsEvents,
  ) {
    this.source = source;
    this.messageSource = messageSource;
    this.retryMeans = retryMeans;
    this.filter = filter;
    this.#events = events;
    this.#leases = leaseKeeper(source, clock, this.#held, this.signal, {
      lost: (messages) => this.#leasesEnded(messages),
      failed: (error) => events.failed(error, "renewing leases"),
    });
  }

  /** Aborts when the source has ended. */
  get signal(): AbortSignal {
    return this.#ending.signal;
  }

  get alive(): boolean {
    return !this.#ending.signal.aborted;
  }

  /** The number of held messages. */
  get size(): number {
    return this.#held.size;
  }

  add(message: HeldMessage): void {
    this.#held.add(message);
    if (message.leaseUntil !== undefined) this.#leases.watch(message.leaseUntil);
  }

  settle(settlement: Settlement, done: (result: SettleResult) => void): void {
    if (!this.alive) return done({ error: new Error("the source is gone"), lost: true });
    if (this.#batch.length === 0) setImmediate(() => this.#flush());
    this.#batch.push({ settlement, done });
  }

  drop(held: HeldMessage): void {
    this.#held.remove(held);
    this.#changed.wake();
  }

  leaseEnded(held: HeldMessage): void {
    this.#leasesEnded([held]);
  }

  identify({ delivery }: HeldMessage): string | undefined {
    return this.source.identify?.(delivery, true);
  }

  keepProgress({ delivery, failures, notBefore }: HeldMessage): void {
    if (this.source.keepProgress === undefined || !this.alive) return;
    const keeping = this.source.keepProgress(delivery, { failures, notBefore }, this.signal);
    keeping.catch((error: unknown) => {
      if (this.alive) this.#events.failed(error, "noting the failures of a message that is retried in place");
    });
  }

  /** Resolves when the broker has every ack so far, or the source has ended. */
  async flush(): Promise<void> {
    await this.settled(this.signal);
    if (this.source.flush === undefined || !this.alive) return;
    const exposed = this.#held.all().filter((held) => held.isExposed);
    await this.source
      .flush(
        exposed.map(({ delivery }) => delivery),
        this.signal,
      )
      .catch((error: unknown) => {
        if (this.alive) this.#events.failed(error, "sending acks");
      });
  }

  /** Whether one of the deliveries is held. */
  holdsAny(deliveries: ReadonlySet<Delivery>): boolean {
    return this.#held.all().some(({ delivery }) => deliveries.has(delivery));
  }

  /** Resolves when a held message has been settled or lost, or when the signal aborts. */
  change(signal: AbortSignal): Promise<void> {
    return this.#changed.wait(signal);
  }

  /** The driver has reported that these deliveries are lost. */
  takenBack(deliveries: readonly Delivery[]): void {
    const gone = new Set(deliveries);
    this.#lose(
      this.#held.all().filter((held) => gone.has(held.delivery)),
      "the broker took it back",
    );
  }

  /** Resolves when every settlement so far has its result, or when the signal aborts. Others may follow meanwhile. */
  async settled(signal: AbortSignal): Promise<void> {
    const stop = AbortSignal.any([signal, this.signal]);
    const soFar = [this.#batch, ...this.#inFlight];
    const isPending = (batch: Pending[]): boolean =>
      batch === this.#batch ? batch.length > 0 : this.#inFlight.has(batch);
    while (!stop.aborted && soFar.some(isPending)) await this.change(stop);
  }

  /** The source has ended, so all its messages are lost. */
  end(why: string): void {
    if (!this.alive) return;
    this.#ending.abort(new Error(why));
    this.#lose(this.#held.all(), why);
    for (const pending of this.#batch.splice(0)) pending.done({ error: new Error(why), lost: true });
  }

  #leasesEnded(messages: readonly HeldMessage[]): void {
    if (messages.length === 0) return;
    this.#events.leasesEnded();
    this.#lose(
      messages.filter((held) => this.#held.has(held)),
      "its lease was lost",
    );
  }

  #lose(messages: readonly HeldMessage[], why: string): void {
    if (messages.length === 0) return;
    for (const held of messages) {
      this.#held.remove(held);
      held.lose(new BrokerError("LEASE_LOST", `the message is no longer held: ${why}`));
    }
    this.#events.lost(messages);
    this.#changed.wake();
  }

  #flush(): void {
    const batch = this.#batch;
    if (batch.length === 0 || this.#inFlight.size >= (this.source.batches ?? Number.POSITIVE_INFINITY)) return;
    this.#batch = [];
    this.#inFlight.add(batch);
    const settled = (results: readonly SettleResult[]): void => {
      this.#inFlight.delete(batch);
      batch.forEach((pending, index) => {
        pending.done(index < results.length ? results[index] : unreported());
      });
      this.#changed.wake();
      this.#flush();
    };
    const failed = (error: unknown): void => settled(batch.map(() => ({ error, lost: !this.alive })));
    try {
      const results = this.source.settle(
        batch.map((pending) => pending.settlement),
        this.signal,
      );
      if (results instanceof Promise) results.then(settled, failed);
      else settled(results);
    } catch (error) {
      failed(error);
    }
  }
}

function unreported(): SettleResult {
  return { error: new Error("the driver did not report the result of the settlement"), lost: true };
}
