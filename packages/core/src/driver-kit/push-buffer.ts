/**
 * Buffers what a client pushes until the core asks for it. The client's own prefetch window must bound it. An item is
 * either in this buffer or in the core, never in a second buffer.
 */
export class PushBuffer<T> {
  #items: T[] = [];
  #ended = false;
  #max = 0;
  #signal: AbortSignal | undefined;
  #timer: NodeJS.Timeout | undefined;
  #scheduled = false;
  // This is the bare `resolve`. A closure in its place would keep all messages that it resolved with alive until a full
  // garbage collection.
  #resolve: ((items: readonly T[]) => void) | undefined;

  /** The number of buffered items. */
  get size(): number {
    return this.#items.length;
  }

  push(item: T): void {
    this.#items.push(item);
    this.#wake();
  }

  /** Signals that no more items will come: a waiting `take` resolves, and later ones never wait. */
  end(): void {
    this.#ended = true;
    this.#wake();
  }

  /**
   * Returns up to `max` items: at once if there are any, else the first that arrive within a second. On abort it
   * resolves with what there is, usually nothing.
   */
  take(max: number, signal: AbortSignal): readonly T[] | Promise<readonly T[]> {
    if (this.#items.length > 0 || this.#ended || signal.aborted) return this.#cut(max);
    this.#max = max;
    this.#signal = signal;
    // This waits for real traffic, so it goes by real time and not by the broker object's clock.
    this.#timer = setTimeout(this.#done, 1_000);
    signal.addEventListener("abort", this.#done);
    return new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Removes and returns all items, for a driver that gives them back. */
  drain(): readonly T[] {
    return this.#cut(this.#items.length);
  }

  /** Resolves a waiting `take` in a microtask, so that it gets everything that one read of the socket brought. */
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
