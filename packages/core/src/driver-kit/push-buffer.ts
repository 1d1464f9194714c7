/**
 * Turns a client that pushes into a source that is asked: what comes in waits here until `take`. The client's own
 * window bounds it; so each item is in here or in the core's hands, never in a second buffer.
 */
export class PushBuffer<T> {
  #items: T[] = [];
  #ended = false;
  #max = 0;
  #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  // The bare `resolve`: a closure around it, kept in here, would keep every message it ever answered until a full
  // collection.
  #resolve: ((items: readonly T[]) => void) | undefined;

  /** Items that wait. */
  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Nothing more will come: wakes whoever waits, and every later `take` is answered at once. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /** At most `max` items: at once when there are some, else the first that come within a second; none on abort. */
  take(max: number, signal: AbortSignal): readonly T[] | Promise<readonly T[]> {
    if (this.#items.length > 0 || this.#ended || signal.aborted) return this.#cut(max);
    this.#max = max;
    this.#signal = signal;
    // A wait for real traffic, not policy: no clock of ours decides it.
    this.#timer = setTimeout(this.#done, 1_000);
    signal.addEventListener("abort", this.#done);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** All that wait, for a driver that gives them back. */
  drain(): readonly T[] {
    return this.#cut(this.#items.length);
  }

  /** Not at once, so that what a single read of the socket brings is taken together. */
  #wake(): void {
    if (this.#resolve === undefined || this.#scheduled) return;
    this.#scheduled = true;
    queueMicrotask(this.#done);
  }

  readonly #done = (): void => {
    const resolve = this.#resolve;
    this.#scheduled = false;
    if (resolve === undefined) return;
    this.#resolve = undefined;
    clearTimeout(this.#timer);
    this.#signal?.removeEventListener("abort", this.#done);
    resolve(this.#cut(this.#max));
  };

  #cut(max: number): readonly T[] {
    if (this.#items.length <= max) {
      const all = this.#items;
      this.#items = [];
      return all;
    }
    return this.#items.splice(0, max);
  }
}
