import type { Delivery, HeaderChanges } from "./message.ts";

/**
 * How to settle a delivery.
 * - `ack`: the message is done. With `filtered` no handler has seen it, because the filter did not let it through. If the
 *   stored filter is another one by now, this must fail and the source must end, so that the message is looked at again.
 * - `release`: return the message unchanged, to be delivered again soon. This is not a failure.
 * - `retry`: send a copy of the native message, with the changed headers, to the same queue or subscription and nowhere
 *   else, to be delivered no sooner than after `delay` ms. Remove the original once the copy is confirmed. If
 *   `retryDelay` is `emulated` and there is a delay, the headers contain `anybroker-not-before`.
 * - `deadLetter`: the same, but the copy goes to the dead letters.
 * - `reject`: let the broker dead-letter the original by its own means. Fails if the broker has none.
 */
export type Settlement =
  | { readonly action: "ack"; readonly delivery: Delivery; readonly filtered?: true | undefined }
  | { readonly action: "release" | "reject"; readonly delivery: Delivery }
  | { readonly action: "retry"; readonly delivery: Delivery; readonly delay: number; readonly headers: HeaderChanges }
  | { readonly action: "deadLetter"; readonly delivery: Delivery; readonly headers: HeaderChanges };

/** Why a settlement failed. */
export interface SettleFailure {
  readonly error: unknown;
  /**
   * True if this consumer no longer holds the delivery, so that another consumer gets it. False if it still does, and
   * nothing has changed.
   */
  readonly lost: boolean;
}

/** The result of a settlement; undefined if it succeeded. */
export type SettleResult = SettleFailure | undefined;
