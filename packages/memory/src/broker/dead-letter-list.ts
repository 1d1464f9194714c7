import type { Selection } from "@anybroker/core/driver";
import type { Entry } from "./message.ts";

/** The dead letters of one queue or subscription, oldest first. Each has a number. */
export class DeadLetterList {
  readonly #entries = new Map<number, Entry>();
  /** All numbers in order; undefined after entries were taken, until the next listing. */
  #order: number[] | undefined;
  #lastNumber = 0;

  get size(): number {
    return this.#entries.size;
  }

  add(entry: Entry): void {
    this.#lastNumber += 1;
    this.#entries.set(this.#lastNumber, entry);
    this.#order?.push(this.#lastNumber);
  }

  /** At most `limit`, those after the number `after`. */
  list(limit: number, after: string | undefined): readonly (readonly [number, Entry])[] {
    this.#order ??= [...this.#entries.keys()];
    const start = after === undefined ? 0 : indexAfter(Number(after), this.#order);
    return this.#order.slice(start, start + limit).flatMap((number) => {
      const entry = this.#entries.get(number);
      return entry === undefined ? [] : [[number, entry] as const];
    });
  }

  /** Removes and returns the selected entries. */
  take(selection: Selection): readonly Entry[] {
    const numbers = "all" in selection ? [...this.#entries.keys()] : selection.ids.map(Number);
    const taken: Entry[] = [];
    for (const number of numbers) {
      const entry = this.#entries.get(number);
      if (entry === undefined) continue;
      this.#entries.delete(number);
      taken.push(entry);
    }
    if (taken.length > 0) this.#order = undefined;
    return taken;
  }
}

/** The index of the first number that is greater, by binary search. */
function indexAfter(number: number, order: readonly number[]): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((order[middle] ?? 0) > number) high = middle;
    else low = middle + 1;
  }
  return low;
}
