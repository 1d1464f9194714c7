import { Fifo } from "./fifo.ts";

interface Entry {
  readonly id: string;
  readonly at: number;
}

/** The message ids that were accepted within a window of time. */
export class DuplicateHistory {
  readonly #ids = new Set<string>();
  readonly #order = new Fifo<Entry>();

  /** Notes an id. Returns false if it has been noted within the window, which is in ms. */
  note(id: string, now: number, window: number): boolean {
    for (let entry = this.#order.peek(); entry !== undefined && entry.at + window <= now; entry = this.#order.peek()) {
      this.#ids.delete(entry.id);
      this.#order.shift();
    }
    if (this.#ids.has(id)) return false;
    this.#ids.add(id);
    this.#order.push({ id, at: now });
    return true;
  }
}
