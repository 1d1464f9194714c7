import { orAborted } from "../base/wait.ts";

/** Runs work of one key one after the other. */
export class Turns<K> {
  readonly #ends = new Map<K, Promise<unknown>>();

  /** Runs `work` once everything before it of the same key has ended, whether well or not. */
  run<T>(key: K, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const before = this.#ends.get(key) ?? Promise.resolve();
    const running = before.then(() => {
      signal.throwIfAborted();
      return work();
    });
    const end = running
      .catch(() => {})
      .then(() => {
        if (this.#ends.get(key) === end) this.#ends.delete(key);
      });
    this.#ends.set(key, end);
    return orAborted(running, signal);
  }
}
