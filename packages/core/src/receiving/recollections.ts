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
  readonly #entries = new Map<string, Entry<Recollection<M>>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  get isEmpty(): boolean {
    return this.#entries.size === 0;
  }

  remember(identity: string, recollection: Recollection<M>): void {
    this.#entries.delete(identity);
    this.#entries.set(identity, { recollection, until: this.#clock.now() + KEPT_FOR });
    if (this.#entries.size <= MAX_ENTRIES) return;
    const [oldest] = this.#entries.keys();
    if (oldest !== undefined) this.#entries.delete(oldest);
  }

  /** What is known of a message, which is forgotten with this call. */
  recall(identity: string): Recollection<M> | undefined {
    const entry = this.#entries.get(identity);
    this.#entries.delete(identity);
    return entry === undefined || entry.until < this.#clock.now() ? undefined : entry.recollection;
  }
}
