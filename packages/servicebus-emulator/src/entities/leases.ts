import type { Clock, Timer } from "./clock.ts";

/** What is held until a time. */
export interface Lease {
  until: number;
}

/** Leases by key, which all last equally long: they end in the order in which they were set. */
export class Leases<T extends Lease> {
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #expire: (lease: T) => void;
  readonly #leases = new Map<string, T>();

  /** `expire` is called for each lease that runs out, after its removal. */
  constructor(clock: Clock, expire: (lease: T) => void) {
    this.#clock = clock;
    this.#expire = expire;
    this.#timer = clock.timer(() => this.expireDue());
  }

  get size(): number {
    return this.#leases.size;
  }

  get(key: string): T | undefined {
    return this.#leases.get(key);
  }

  /** Sets a lease, or the new end of one. */
  set(key: string, lease: T): void {
    this.#leases.delete(key);
    this.#leases.set(key, lease);
    this.#timer.set(lease.until);
  }

  delete(key: string): void {
    this.#leases.delete(key);
  }

  /** Ends all leases now, as if their time were over. */
  expireAll(): void {
    for (const [key, lease] of [...this.#leases]) {
      this.#leases.delete(key);
      this.#expire(lease);
    }
  }

  expireDue(): void {
    const now = this.#clock.now();
    for (const [key, lease] of this.#leases) {
      if (lease.until > now) {
        this.#timer.set(lease.until);
        return;
      }
      this.#leases.delete(key);
      this.#expire(lease);
    }
  }

  clear(): void {
    this.#leases.clear();
    this.#timer.clear();
  }
}
