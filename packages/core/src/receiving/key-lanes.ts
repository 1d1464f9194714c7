import { Fifo } from "../base/fifo.ts";
import type { Held } from "./held.ts";

/** Deliveries that wait for a handler. On an ordered source only the first of each key can be taken. */
export class KeyLanes {
  readonly #ordered: boolean;
  readonly #ready = new Fifo<Held>();
  /** Keys that are taken, with what waits behind them. */
  readonly #taken = new Map<string, Held[]>();
  #behind = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** How many wait. */
  get size(): number {
    return this.#ready.size + this.#behind;
  }

  /** How many can be taken now. */
  get ready(): number {
    return this.#ready.size;
  }

  push(held: Held): void {
    if (!this.#ordered) return this.#ready.push(held);
    const key = held.delivery.key ?? "";
    const waiting = this.#taken.get(key);
    if (waiting === undefined) {
      this.#taken.set(key, []);
      this.#ready.push(held);
      return;
    }
    waiting.push(held);
    this.#behind += 1;
  }

  /** The next one whose key is free; its key is then taken until `free`. */
  take(): Held | undefined {
    return this.#ready.shift();
  }

  /** The next ones, at most so many. */
  takeMore(most: number): readonly Held[] {
    return Array.from({ length: Math.min(most, this.#ready.size) }, () => this.#ready.shift()).filter(
      (held) => held !== undefined,
    );
  }

  /** Back to the front: its key stays taken. */
  putBack(held: Held): void {
    this.#ready.unshift([held]);
  }

  /** The key's message is out of the handler's hands: the one behind it may go. */
  free(held: Held): void {
    if (!this.#ordered) return;
    const key = held.delivery.key ?? "";
    const next = this.#taken.get(key)?.shift();
    if (next === undefined) {
      this.#taken.delete(key);
      return;
    }
    this.#behind -= 1;
    this.#ready.push(next);
  }

  /** Takes out all that wait and fit the condition. */
  remove(fits: (held: Held) => boolean): readonly Held[] {
    const out: Held[] = [];
    for (const [key, waiting] of this.#taken) {
      out.push(...waiting.filter(fits));
      this.#taken.set(
        key,
        waiting.filter((held) => !fits(held)),
      );
    }
    this.#behind -= out.length;
    const first = this.#ready.remove(fits);
    for (const held of first) this.free(held);
    return [...first, ...out];
  }
}
