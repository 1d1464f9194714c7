import type { Clock } from "../base/clock.ts";

/** Knowledge about a message that this process lost while it lived. */
export interface Recollection<M> {
  /** How many deliveries of the message this process has lost or given back without an outcome. */
  readonly survived: number;
  /** Failures so far. */
  readonly failures: number;
  /** The rest of a retry's wait ends at this time (milliseconds since 1970); 0 when there is none. */
  readonly notBefore: number;
  /** Settles it as was decided, when the settlement may not have reached the broker. */
  readonly settleAgain: ((again: M) => void) | undefined;
}

interface Entry<R> {
  readonly recollection: R;
  readonly until: number;
}

/** The largest number of remembered messages of one source. */
const MAX_ENTRIES = 10_000;
/** How long a message is remembered, in milliseconds. By then it has come back, or another process has it. */
const KEPT_FOR = 600_000;

/**
 * Knowledge about messages that this process held when a connection, a source or a lease ended. It is used when such a
 * message comes back to this process. A message that had been handled is settled again without its handler. A message that
 * was waiting for a retry goes on waiting. Neither counts as a crash.
 */
export class Recollections<M> {
  readonly #clock: Clock;
  /** Copies of a message that was sent twice have one identity, so there may be several entries. */
  readonly #entries = new Map<string, readonly Entry<Recollection<M>>[]>();
  #size = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#size === 0;
  }

  remember(identity: string, recollection: Recollection<M>): void {
    const others = this.#take(identity);
    this.#store(identity, [...others, { recollection, until: this.#clock.now() + KEPT_FOR }]);
    while (this.#size > MAX_ENTRIES) {
      const [oldest = ""] = this.#entries.keys();
      this.#store(oldest, this.#take(oldest).slice(1));
    }
  }

  /**
   * Returns and forgets the knowledge about a message. If several copies of the message share the identity, it takes the copy
   * whose lost deliveries are nearest to the broker's count.
   */
  recall(identity: string, deliveries: number | undefined): Recollection<M> | undefined {
    const now = this.#clock.now();
    const entries = this.#take(identity).filter(({ until }) => until >= now);
    const distance = ({ recollection }: Entry<Recollection<M>>): number =>
      Math.abs((deliveries ?? 0) - recollection.survived);
    const [nearest, ...others] = entries.toSorted((one, other) => distance(one) - distance(other));
    this.#store(identity, others);
    return nearest?.recollection;
  }

  #take(identity: string): readonly Entry<Recollection<M>>[] {
    const entries = this.#entries.get(identity) ?? [];
    this.#entries.delete(identity);
    this.#size -= entries.length;
    return entries;
  }

  /** The identity is the youngest now. */
  #store(identity: string, entries: readonly Entry<Recollection<M>>[]): void {
    if (entries.length > 0) this.#entries.set(identity, entries);
    this.#size += entries.length;
  }
}
