import type { Filter } from "./entities.ts";
import type { Delivery, RetryProgress } from "./message.ts";
import type { Settlement, SettleResult } from "./settlement.ts";

/** How to open a source. */
export interface OpenOptions {
  /** The largest number of unsettled deliveries in the core and in the driver's buffer together. */
  readonly window: number;
  /**
   * Asks the core to give deliveries back, so that the driver can pass them on: it releases what no handler has, and settles
   * or releases the rest as soon as its handler has returned. Resolves when none of them is held. A driver calls it before a
   * living consumer of an ordered source gives up a part of it, because another consumer must not begin what a handler has.
   */
  readonly giveBack?: ((deliveries: readonly Delivery[]) => Promise<void>) | undefined;
}

/**
 * From this many earlier deliveries without an outcome on, less those that this process survived, a message is a suspect: it
 * may have killed the processes that handled it.
 */
export const SUSPECT_FROM = 2;

/** An open reader of one queue or subscription. */
export interface Source {
  /** Resolves with the reason when the source has ended although its link has not, or after `close`. Never rejects. */
  readonly lost: Promise<unknown>;
  /**
   * Whether the source has a return queue, so that the core may settle with `retry`. With `topology: "create"` the
   * driver creates it. Otherwise the driver finds out whether it exists, once for each link, without needing any right
   * to create. An ephemeral subscription has one only where the copy ends with it.
   */
  readonly returns: boolean;
  /**
   * How many calls of `settle` may run at once. Settlements that come meanwhile wait for the next call. If it is
   * undefined there is no such limit.
   */
  readonly batches?: number | undefined;
  /**
   * Returns up to `max` deliveries as soon as there is one, or none after about a second. On abort it returns at once;
   * deliveries that were on their way come with the next call. Calls never overlap. The result need not be a promise.
   */
  receive(max: number, signal: AbortSignal): readonly Delivery[] | Promise<readonly Delivery[]>;
  /**
   * Applies settlements and returns their results in the same order. It may report an `ack` as successful before the
   * broker has it; `pause` and `close` must then flush it.
   */
  settle(batch: readonly Settlement[], signal: AbortSignal): readonly SettleResult[] | Promise<readonly SettleResult[]>;
  /**
   * Renews the leases for another `lease` milliseconds. Returns the new end of each, or undefined for a delivery that
   * was lost. The method is missing if deliveries have no leases.
   */
  readonly extend?:
    | ((deliveries: readonly Delivery[], signal: AbortSignal) => Promise<readonly (number | undefined)[]>)
    | undefined;
  /**
   * The part of the subscription's stored filter that the core has to apply to each delivery; `filter` is undefined if the
   * broker has applied all of it. A message that it does not let through is acked with `filtered`. Missing where the broker
   * stores no filters, or none is known. Then the core applies the filter of the consumer.
   */
  readonly storedFilter?: { readonly filter: Filter | undefined } | undefined;
  /**
   * Stops fetching, but stays a member of the group. `receive` still returns what is buffered. On an ordered source the
   * core calls this only when no handler runs, so the driver may give up its place: another consumer cannot overtake.
   * The held deliveries may then go back together with the place, which leaves nothing to do for the core's `release`.
   */
  pause(signal: AbortSignal): Promise<void>;
  /** Fetches again after `pause`. */
  resume(signal: AbortSignal): Promise<void>;
  /**
   * Returns a name of the delivered message. It is the same at each delivery of the message, and no other message has it
   * while this one is unsettled.
   *
   * The core asks for the name when a delivery is lost or released (`isGone`), and when a delivery comes that may have been
   * lost before. If the driver derives the name, because the broker has none, it returns undefined for the first delivery of
   * a message.
   *
   * Without a name (undefined, or no such method) the broker's count alone is evidence of a crash, and failures of a retry in
   * place are forgotten with the connection.
   */
  readonly identify?: ((delivery: Delivery, isGone: boolean) => string | undefined) | undefined;
  /**
   * Resolves when the broker has every ack that `settle` has returned. Before a suspect starts, the core calls it on every
   * open source of the broker object. Of the deliveries that it holds then, only those that are `exposed` have a handler or
   * get one before the next call. A message of {@link SUSPECT_FROM} deliveries or more starts only after it was among them.
   * Missing where `settle` never returns earlier.
   */
  readonly flush?: ((exposed: readonly Delivery[], signal: AbortSignal) => Promise<void>) | undefined;
  /**
   * Notes how far a delivery has come that is retried in place, so that the note outlives this consumer and comes with the
   * next delivery (`Delivery.progress`). The note goes when the delivery is settled. Missing where the broker has no place
   * for it: then a retry in place is counted anew after a crash.
   */
  readonly keepProgress?:
    | ((delivery: Delivery, progress: RetryProgress, signal: AbortSignal) => Promise<void>)
    | undefined;
  /**
   * Stops reading. The core closes every source that has not ended by itself, in one of three situations:
   *
   * - The consumer closes, or reopens the source. The core has settled or released everything that it held.
   * - Another method of the source has rejected. The core gives the source up, and what it held may go back.
   * - The link has ended. The signal is aborted, and the driver only frees what the source still has, such as sockets
   *   and timers.
   */
  close(signal: AbortSignal): Promise<void>;
}
