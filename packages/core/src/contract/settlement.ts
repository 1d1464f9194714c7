import type { Delivery, HeaderChanges } from "./message.ts";

/**
 * What becomes of a delivery.
 * - `ack`: it is done.
 * - `release`: given back untouched, to be handed out again soon. Not a failure.
 * - `retry`: a copy of the native message with the changed headers reaches the same queue or subscription, and only
 *   it, not sooner than after `delay` ms; the copy is confirmed before the original goes. Where `retryDelay` is
 *   `emulated`, the headers have `anybroker-not-before`.
 * - `deadLetter`: the same, to the dead letters.
 * - `reject`: dead-lettered by the broker's own means, without a copy of ours; fails where it has none.
 */
export type Settlement =
  | { readonly action: "ack" | "release" | "reject"; readonly delivery: Delivery }
  | { readonly action: "retry"; readonly delivery: Delivery; readonly delay: number; readonly headers: HeaderChanges }
  | { readonly action: "deadLetter"; readonly delivery: Delivery; readonly headers: HeaderChanges };

/** Why a settlement did not take. */
export interface SettleFailure {
  readonly error: unknown;
  /** True: the delivery is no longer ours, somebody else gets it. False: it is still ours and nothing has changed. */
  readonly lost: boolean;
}

/** Undefined: it took. */
export type SettleResult = SettleFailure | undefined;
