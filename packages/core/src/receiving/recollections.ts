import type { Clock } from "../base/clock.ts";

/** What a process knows of a message that it lost while it lived. */
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

/** How many messages of one source are remembered at most. */
const MAX_ENTRIES = 10_000;
/** How long a message is remembered, in milliseconds. Until then it has come back, or another process has it. */
const KEPT_FOR = 600_000;

/**
 * What this process knows of messages that it held when a connection, a source or a lease ended. When such a message comes
 * back to this process, its knowledge decides: what was done is settled again without its handler, what was waiting goes on
 * waiting, and nothing of it counts as a crash.
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
    this.#put(identity, [...others, { recollection, until: this.#clock.now() + KEPT_FOR }]);
    while (this.#size > MAX_ENTRIES) {
      const [oldest = ""] = this.#entries.keys();
      this.#put(oldest, this.#take(oldest).slice(1));
    }
  }

  /**
   * What is known of a message, which is forgotten with this call. Of several copies it is the one whose lost deliveries are
   * nearest to the broker's count.
   */
  recall(identity: string, deliveries: number | undefined): Recollection<M> | undefined {
    const now = this.#clock.now();
    const entries = this.#take(identity).filter(({ until }) => until >= now);
    const distance = ({ recollection }: Entry<Recollection<M>>): number =>
      Math.abs((deliveries ?? 0) - recollection.survived);
    const [nearest, ...others] = entries.toSorted((one, other) => distance(one) - distance(other));
    this.#put(identity, others);
    return nearest?.recollection;
  }

  #take(identity: string): readonly Entry<Recollection<M>>[] {
    const entries = this.#entries.get(identity) ?? [];
    this.#entries.delete(identity);
    this.#size -= entries.length;
    return entries;
  }

  /** The identity is the youngest now. */
  #put(identity: string, entries: readonly Entry<Recollection<M>>[]): void {
    if (entries.length > 0) this.#entries.set(identity, entries);
    this.#size += entries.length;
  }
}
