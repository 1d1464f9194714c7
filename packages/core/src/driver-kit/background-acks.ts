import type { SettleResult } from "../contract/settlement.ts";

/**
 * Acks that the driver reports as successful before the broker has them. The source flushes them when it pauses and
 * when it closes. A message whose ack the broker refuses is delivered again.
 */
export class BackgroundAcks {
  readonly #running = new Set<Promise<void>>();
  readonly #max: number;
  readonly #onRefused: (reason: unknown) => void;

  /**
   * @param max While more requests than this run, {@link room} makes the caller wait.
   * @param onRefused Called once for each request in which the broker refused an ack, with the first reason.
   */
  constructor(max: number, onRefused: (reason: unknown) => void) {
    this.#max = max;
    this.#onRefused = onRefused;
  }

  /** Adds a request that has been sent. Its promise must not reject. */
  add(request: Promise<readonly SettleResult[]>): void {
    const running = request.then((results) => {
      this.#running.delete(running);
      const failure = results.find((result) => result !== undefined);
      if (failure !== undefined) this.#onRefused(failure.error);
    });
    this.#running.add(running);
  }

  /** Returns undefined if another request may start, else a promise that resolves when a request has ended. */
  room(): Promise<void> | undefined {
    return this.#running.size > this.#max ? Promise.race(this.#running) : undefined;
  }

  /** Resolves when every request added so far has ended. */
  async flush(): Promise<void> {
    await Promise.all(this.#running);
  }
}
