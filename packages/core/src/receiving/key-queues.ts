import { Fifo } from "../base/fifo.ts";
import { type Suspected, startsBefore } from "./crash-loop.ts";

/** An item that may have a key. */
export interface Keyed extends Suspected {
  readonly key: string | undefined;
  /** It starts last, and while nothing else runs. */
  readonly isSuspect: boolean;
}

/** The messages that wait for a handler. On an ordered source only the first message of each free key can be taken. */
export class KeyQueues<T extends Keyed> {
  readonly #ordered: boolean;
  readonly #ready = new Fifo<T>();
  /** Suspects whose key is free. */
  #suspects: T[] = [];
  /** Keys with a message that is ready or taken, each with the messages that wait behind it. */
  readonly #taken = new Map<string, T[]>();
  #behind = 0;

  constructor(ordered: boolean) {
    this.#ordered = ordered;
  }

  /** The number of waiting messages. */
  get size(): number {
    return this.#ready.size + this.#suspects.length + this.#behind;
  }

  /** How many suspects can be taken now. */
  get suspects(): number {
    return this.#suspects.length;
  }

  /** The number of messages that can be taken now, suspects not included. */
  get ready(): number {
    return this.#ready.size;
  }

  push(item: T): void {
    if (!this.#ordered) return this.#makeReady(item);
    const key = item.key ?? "";
    const waiting = this.#taken.get(key);
    if (waiting === undefined) {
      this.#taken.set(key, []);
      this.#makeReady(item);
      return;
    }
    waiting.push(item);
    this.#behind += 1;
  }

  /** Takes the next message whose key is free. The key is then taken until `free`. */
  take(): T | undefined {
    return this.#ready.shift();
  }

  /** The most evidence of the suspects that can be taken now; 0 if there are none. */
  get mostEvidence(): number {
    return this.#suspects.reduce((most, { evidence }) => Math.max(most, evidence), 0);
  }

  /** The suspect that starts next. */
  nextSuspect(isForwards: boolean): T | undefined {
    const [first, ...others] = this.#suspects;
    if (first === undefined) return undefined;
    return others.reduce((best, other) => (startsBefore(other, best, isForwards) ? other : best), first);
  }

  /** Takes a suspect, and its key with it. */
  takeSuspect(suspect: T): void {
    this.#suspects = this.#suspects.filter((other) => other !== suspect);
  }

  /** Whether a message that can be taken now matches, suspects included. */
  someReady(matches: (item: T) => boolean): boolean {
    return this.#ready.some(matches) || this.#suspects.some(matches);
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
    if (item.isSuspect) this.#suspects.push(item);
    else this.#ready.unshift([item]);
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
    this.#makeReady(next);
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
    const suspects = this.#suspects.filter(matches);
    this.#suspects = this.#suspects.filter((item) => !matches(item));
    const first = [...this.#ready.remove(matches), ...suspects];
    for (const item of first) this.free(item);
    return [...first, ...removed];
  }

  #makeReady(item: T): void {
    if (item.isSuspect) this.#suspects.push(item);
    else this.#ready.push(item);
  }
}
