import type { Selection } from "@anybroker/core/driver";
import type { Entry } from "./message.ts";

/** The messages of one queue or subscription that were given up, oldest first, named by their number. */
export class DeadLetters {
  readonly #entries = new Map<number, Entry>();
  /** All keys in order, made anew when one has gone. */
  #order: number[] | undefined;
  #last = 0;

  get size(): number {
    return this.#entries.size;
  }

  add(entry: Entry): void {
    this.#last += 1;
    this.#entries.set(this.#last, entry);
    this.#order?.push(this.#last);
  }

  list(limit: number, after: string | undefined): readonly (readonly [number, Entry])[] {
    this.#order ??= [...this.#entries.keys()];
    const start = after === undefined ? 0 : this.#placeAfter(Number(after), this.#order);
    return this.#order.slice(start, start + limit).flatMap((number) => {
      const entry = this.#entries.get(number);
      return entry === undefined ? [] : [[number, entry] as const];
    });
  }

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

  #placeAfter(number: number, order: readonly number[]): number {
    let [low, high] = [0, order.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((order[middle] ?? 0) > number) high = middle;
      else low = middle + 1;
    }
    return low;
  }
}
