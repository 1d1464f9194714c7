import { orAborted } from "../base/wait.ts";

/** Runs asynchronous work one at a time for each key, in the order of the calls. */
export class Turns<K> {
  readonly #ends = new Map<K, Promise<unknown>>();

  /**
   * Runs `work` when all earlier work of the key has ended, successfully or not. Rejects as soon as the signal aborts;
   * work that has not begun by then never runs.
   */
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
