import type { SettleResult } from "../contract/settlement.ts";

/**
 * Acks that the core was told of before the broker has them. They are flushed when the source pauses and closes; what
 * the broker refuses is reported once, and its message is handed out again.
 */
export class BackgroundAcks {
  readonly #running = new Set<Promise<void>>();
  readonly #max: number;
  readonly #onRefused: (reason: unknown) => void;

  /** `max` requests may run at once before {@link room} makes the caller wait. */
  constructor(max: number, onRefused: (reason: unknown) => void) {
    this.#max = max;
    this.#onRefused = onRefused;
  }

  /** Takes over a request; its promise must not reject. */
  add(request: Promise<readonly SettleResult[]>): void {
    const running = request.then((results) => {
      this.#running.delete(running);
      const failure = results.find((result) => result !== undefined);
      if (failure !== undefined) this.#onRefused(failure.error);
    });
    this.#running.add(running);
  }

  /** Undefined while another request may start; else resolves when one has ended. */
  room(): Promise<void> | undefined {
    return this.#running.size > this.#max ? Promise.race(this.#running) : undefined;
  }

  /** Resolves when the broker has answered every request. */
  async flush(): Promise<void> {
    await Promise.all(this.#running);
  }
}
