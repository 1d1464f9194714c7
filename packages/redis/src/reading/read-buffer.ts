import type { LeaseBook } from "@anybroker/core/driver";
import { orAborted, unavailable } from "@anybroker/core/driver";
import type { RedisDelivery } from "../wire.ts";
import type { Reader } from "./reader.ts";
import type { RetryNotes } from "./retry-notes.ts";

/** Any window lets one read ask for this many deliveries: fewer are not worth a call. */
const MIN_READ_LIMIT = 32;

/** Reads deliveries and keeps them until the core takes them. */
export class ReadBuffer {
  readonly #reader: Reader;
  readonly #notes: RetryNotes;
  readonly #leases: LeaseBook<RedisDelivery>;
  readonly #ordered: boolean;
  readonly #onError: (error: unknown) => void;
  readonly #deliveries: RedisDelivery[] = [];
  #readLimit: number;
  #reading: Promise<void> | undefined;

  /** `onError` is called when a read fails, or when a lease has ended here on an ordered source. */
  constructor(
    reader: Reader,
    notes: RetryNotes,
    leases: LeaseBook<RedisDelivery>,
    { ordered, window }: { readonly ordered: boolean; readonly window: number },
    onError: (error: unknown) => void,
  ) {
    this.#reader = reader;
    this.#notes = notes;
    this.#leases = leases;
    this.#ordered = ordered;
    this.#onError = onError;
    this.#readLimit = readLimitOf(window);
  }

  get empty(): boolean {
    return this.#deliveries.length === 0;
  }

  /** Ends with the read that is running, if there is one. Never rejects. */
  get reading(): Promise<void> | undefined {
    return this.#reading;
  }

  /**
   * At most `max` deliveries that are buffered, without those whose lease has ended here. On an ordered source none may
   * overtake such a delivery, so the source ends.
   */
  take(max: number): readonly RedisDelivery[] {
    const taken = this.#deliveries.splice(0, max);
    const held = this.#leases.stillHeld(taken);
    if (held.length === taken.length || !this.#ordered) return held;
    this.#onError(unavailable("the process stood still, or was too busy, until a lease had ended"));
    return [];
  }

  /** Takes all buffered deliveries, including those whose lease has ended. */
  takeAll(): readonly RedisDelivery[] {
    return this.#deliveries.splice(0);
  }

  /** Waits for a read, and takes what it brings. None as soon as the signal aborts; then the next call takes it. */
  read(max: number, signal: AbortSignal): Promise<readonly RedisDelivery[]> {
    this.#reading ??= this.#fill(max).finally(() => {
      this.#reading = undefined;
    });
    const take = (): readonly RedisDelivery[] => (signal.aborted ? [] : this.take(max));
    return orAborted(this.#reading, signal).then(take, take);
  }

  async #fill(max: number): Promise<void> {
    try {
      const deliveries = await this.#reader.read(Math.min(max, this.#readLimit));
      await this.#notes.read(deliveries);
      this.#deliveries.push(...deliveries);
    } catch (error) {
      this.#onError(error);
    }
  }
}

/** Half of the window, so that the next half is on its way while this one is handled. */
function readLimitOf(window: number): number {
  return Math.max(MIN_READ_LIMIT, Math.ceil(window / 2));
}
