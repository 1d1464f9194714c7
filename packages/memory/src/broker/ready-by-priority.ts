import { ArrivalOrder } from "./arrival-order.ts";
import type { Entry } from "./message.ts";
import type { Ready } from "./ready.ts";

/** Higher priority first, and order of arrival within a priority. */
export class ReadyByPriority implements Ready {
  readonly #priorities: ArrivalOrder[] = [];
  /** Bit n is set while priority n has entries. */
  #filled = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: Entry): void {
    this.#countedIn(entry).add(entry);
  }

  giveBack(entry: Entry): void {
    this.#countedIn(entry).giveBack(entry);
  }

  done(): void {
    // Nothing waits for an entry that was taken.
  }

  take(): Entry | undefined {
    if (this.#filled === 0) return undefined;
    const priority = 31 - Math.clz32(this.#filled);
    const entries = this.#priorities[priority];
    const entry = entries?.shift();
    if (entries?.size === 0) this.#filled &= ~(1 << priority);
    this.#size -= 1;
    return entry;
  }

  values(): readonly Entry[] {
    return this.#priorities.flatMap((entries) => entries.values());
  }

  clear(): readonly Entry[] {
    const cleared = this.#priorities.flatMap((entries) => entries.clear());
    this.#filled = 0;
    this.#size = 0;
    return cleared;
  }

  /** Counts the entry, and returns where it belongs. */
  #countedIn({ message: { priority } }: Entry): ArrivalOrder {
    this.#size += 1;
    this.#filled |= 1 << priority;
    const entries = this.#priorities[priority] ?? new ArrivalOrder();
    this.#priorities[priority] = entries;
    return entries;
  }
}
