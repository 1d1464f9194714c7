import type { Delivery, RetryProgress } from "./message.ts";
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
  /**
   * A name of the delivered message that is the same at each of its deliveries, and that no other message has while this
   * one is not settled. The core asks for it when a delivery is lost or released, and when one comes that may have been
   * lost before. Undefined, or the method missing, where there is none: then the broker's count alone is evidence of a
   * crash, and failures of a retry in place are forgotten with the connection.
   */
  identify?(delivery: Delivery): string | undefined;
  /** Resolves when the broker has every ack that `settle` has returned. Missing where `settle` never returns earlier. */
  flush?(signal: AbortSignal): Promise<void>;
  /**
   * Notes how far a delivery has come that is retried in place, so that the note outlives this consumer and comes with the
   * next delivery (`Delivery.progress`). The note goes when the delivery is settled. Missing where the broker has no place
   * for it: then a retry in place is counted anew after a crash.
   */
  keepProgress?(delivery: Delivery, progress: RetryProgress, signal: AbortSignal): Promise<void>;
  /**
   * Stops reading. The core has settled or released all it holds. Called for every source: after the end of its link with
   * an aborted signal, and then the driver only frees what the source still has (sockets, timers).
   */
  close(signal: AbortSignal): Promise<void>;
}
