import type { Delivery } from "./message.ts";
import type { Settlement, SettleResult } from "./settlement.ts";

/** How a source is opened. */
export interface OpenOptions {
  /** The most unsettled deliveries the core holds, what the driver has buffered included. */
  readonly window: number;
}

/** An open reader of one queue or subscription. */
export interface Source {
  /** Resolves with the reason when this source alone has died, by itself or after `close`. Never rejects. */
  readonly lost: Promise<unknown>;
  /**
   * Whether there is a return queue, so that `retry` can be asked of this source. With `topology: "create"` the driver
   * makes it; else it is found by existence, once in the life of the link and without any right to create. An ephemeral
   * subscription has none.
   */
  readonly returns: boolean;
  /** The most calls of `settle` that run at once; what comes meanwhile goes together. Undefined: any number. */
  readonly batches?: number;
  /**
   * At most `max` deliveries, as soon as there is one; none after about a second, or at once on abort: what was on its
   * way then comes with the next call. Never called twice at once. May answer without a promise.
   */
  receive(max: number, signal: AbortSignal): readonly Delivery[] | Promise<readonly Delivery[]>;
  /**
   * Applies settlements, and answers in their order. An `ack` may be answered before the broker has it; `pause` and
   * `close` then see to it that it gets there.
   */
  settle(batch: readonly Settlement[], signal: AbortSignal): readonly SettleResult[] | Promise<readonly SettleResult[]>;
  /** Renews leases for another `lease`: their new ends, undefined for each that was lost. */
  extend?(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly (number | undefined)[]>;
  /**
   * Stops intake and keeps the membership; what is buffered is still handed out by `receive`. On an ordered source the
   * core calls it only once nothing is running, so that giving up the place cannot let another consumer overtake; what
   * is held may then go back with the place, and the core's `release` of it has nothing left to do.
   */
  pause(signal: AbortSignal): Promise<void>;
  resume(signal: AbortSignal): Promise<void>;
  /** Changes the window of a paused source. Where it is missing the core opens the source anew instead. */
  resize?(window: number, signal: AbortSignal): Promise<void>;
  /**
   * Stops reading. The core has settled or released all it holds. Called for every source: after the end of its link with
   * an aborted signal, and then the driver only frees what the source still has (sockets, timers).
   */
  close(signal: AbortSignal): Promise<void>;
}
