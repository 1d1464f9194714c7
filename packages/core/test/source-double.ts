import type { Delivery } from "../src/contract/message.ts";
import type { Settlement, SettleResult } from "../src/contract/settlement.ts";
import type { Source } from "../src/contract/source.ts";
import { Ending } from "../src/driver-kit/ending.ts";

/** A source that delivers nothing by itself, and takes every settlement; a test replaces what it is about. */
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

  receive(): readonly Delivery[] {
    return [];
  }

  settle(batch: readonly Settlement[]): readonly SettleResult[] | Promise<readonly SettleResult[]> {
    this.settled.push(batch);
    return this.onSettle(batch);
  }

  async pause(): Promise<void> {}

  async resume(): Promise<void> {}

  async close(): Promise<void> {
    this.#ending.end("closed");
  }
}
