import { Fifo } from "./fifo.ts";
import { Heap } from "./heap.ts";
import type { Entry } from "./message.ts";

/**
 * Entries in the order of their arrival. An entry that was given back is older than all that were never taken, so these
 * come first, oldest first.
 */
export class ArrivalOrder {
  readonly #givenBack = new Heap<Entry>((one, other) => one.seq < other.seq);
  readonly #fresh = new Fifo<Entry>();

  get size(): number {
    return this.#givenBack.size + this.#fresh.size;
  }

  peek(): Entry | undefined {
    return this.#givenBack.peek() ?? this.#fresh.peek();
  }

  /** All entries, in no order. */
  values(): readonly Entry[] {
    return [...this.#givenBack.values(), ...this.#fresh.values()];
  }

  add(entry: Entry): void {
    this.#fresh.push(entry);
  }

  giveBack(entry: Entry): void {
    this.#givenBack.push(entry);
  }

  shift(): Entry | undefined {
    return this.#givenBack.pop() ?? this.#fresh.shift();
  }

  clear(): readonly Entry[] {
    const cleared: Entry[] = [];
    for (let entry = this.shift(); entry !== undefined; entry = this.shift()) cleared.push(entry);
    return cleared;
  }
}
