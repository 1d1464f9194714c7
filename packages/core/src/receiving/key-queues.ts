import { Fifo } from "../base/fifo.ts";

/** An item that may have a key. */
export interface Keyed {
  readonly key: string | undefined;
}

/** The messages that wait for a handler. On an ordered source only the first message of each free key can be taken. */
export class KeyQueues<T extends Keyed> {
  readonly #ordered: boolean;
  readonly #ready = new Fifo<T>();
  /** Keys with a message that is ready or taken, each with the messages that wait behind it. */
  readonly #taken = new Map<string, T[]>();
  #behind = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** The number of waiting messages. */
  get size(): number {
    return this.#ready.size + this.#behind;
  }

  /** The number of messages that can be taken now. */
  get ready(): number {
    return this.#ready.size;
  }

  push(item: T): void {
    if (!this.#ordered) return this.#ready.push(item);
    const key = item.key ?? "";
    const waiting = this.#taken.get(key);
    if (waiting === undefined) {
      this.#taken.set(key, []);
      this.#ready.push(item);
      return;
    }
    waiting.push(item);
    this.#behind += 1;
  }

  /** Takes the next message whose key is free. The key is then taken until `free`. */
  take(): T | undefined {
    return this.#ready.shift();
  }

  /** Takes up to `most` more messages. */
  takeMore(most: number): readonly T[] {
    const taken: T[] = [];
    while (taken.length < most) {
      const item = this.#ready.shift();
      if (item === undefined) break;
      taken.push(item);
    }
    return taken;
  }

  /** Puts a taken message back to the front. Its key stays taken. */
  putBack(item: T): void {
    this.#ready.unshift([item]);
  }

  /** Frees the key of a taken message, so that the next one of the key can be taken. */
  free(item: T): void {
    if (!this.#ordered) return;
    const key = item.key ?? "";
    const next = this.#taken.get(key)?.shift();
    if (next === undefined) {
      this.#taken.delete(key);
      return;
    }
    this.#behind -= 1;
    this.#ready.push(next);
  }

  /** Removes and returns the waiting messages that match. */
  remove(matches: (item: T) => boolean): readonly T[] {
    const removed: T[] = [];
    for (const [key, waiting] of this.#taken) {
      removed.push(...waiting.filter(matches));
      this.#taken.set(
        key,
        waiting.filter((item) => !matches(item)),
      );
    }
    this.#behind -= removed.length;
    const first = this.#ready.remove(matches);
    for (const item of first) this.free(item);
    return [...first, ...removed];
  }
}
