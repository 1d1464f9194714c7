import type { Delivery, RetryProgress } from "../src/contract/message.ts";
import type { Settlement, SettleResult } from "../src/contract/settlement.ts";
import type { Source } from "../src/contract/source.ts";
import { Ending } from "../src/driver-kit/ending.ts";

/** A source that delivers what the test gives it, and takes every settlement. A test replaces what it is about. */
export class SourceDouble implements Source {
  readonly #ending = new Ending();
  readonly lost: Promise<unknown> = this.#ending.lost;
  readonly returns = true;
  batches: number = Number.POSITIVE_INFINITY;
  /** The batches that `settle` was called with. */
  readonly settled: (readonly Settlement[])[] = [];
  onSettle: (batch: readonly Settlement[]) => readonly SettleResult[] | Promise<readonly SettleResult[]> = (batch) =>
    batch.map(() => undefined);
  extend: (deliveries: readonly Delivery[], signal: AbortSignal) => Promise<readonly (number | undefined)[]> = async (
    deliveries,
  ) => deliveries.map(() => undefined);

  /** Deliveries that wait to be received. */
  readonly waiting: Delivery[] = [];
  /** Called by `receive`, before it returns what waits. */
  onReceive: () => void = () => {};
  onPause: () => Promise<void> = async () => {};
  flush: (exposed: readonly Delivery[]) => Promise<void> = async () => {};
  /** The signals that `close` was called with. */
  readonly closed: AbortSignal[] = [];

  async receive(max: number): Promise<readonly Delivery[]> {
    this.onReceive();
    return this.waiting.splice(0, max);
  }

  identify({ id }: Delivery): string | undefined {
    return id;
  }

  /** The notes that `keepProgress` was called with. */
  readonly progress: RetryProgress[] = [];

  async keepProgress(_delivery: Delivery, progress: RetryProgress): Promise<void> {
    this.progress.push(progress);
  }

  settle(batch: readonly Settlement[]): readonly SettleResult[] | Promise<readonly SettleResult[]> {
    this.settled.push(batch);
    return this.onSettle(batch);
  }

  pause(): Promise<void> {
    return this.onPause();
  }

  async resume(): Promise<void> {}

  async close(signal: AbortSignal): Promise<void> {
    this.closed.push(signal);
    this.#ending.end("closed");
  }

  /** Ends the source by itself. */
  end(reason: unknown): void {
    this.#ending.end(reason);
  }
}
