import type { SettleResult } from "../contract/settlement.ts";
import { LEASE_LOST, refused } from "./failures.ts";

/** The steps that move a delivery to another place, for brokers that cannot do it in one. */
export interface CopyThenSettle {
  /** Writes the copy. Resolves when the broker has confirmed it. */
  readonly copy: () => Promise<unknown>;
  /** Whether this consumer still holds the delivery. It may have been lost while the copy was on its way. */
  readonly isHeld: () => boolean;
  /** Removes the original. */
  readonly settle: () => SettleResult | Promise<SettleResult>;
}

/**
 * Copies a delivery, waits for the confirmation, and only then settles the original. A crash in between duplicates the
 * message, but never loses it. If the broker refuses the copy, the consumer still holds the delivery. If settling
 * throws, the delivery counts as lost, because its copy exists. Never rejects.
 */
export async function copyThenSettle({ copy, isHeld, settle }: CopyThenSettle): Promise<SettleResult> {
  try {
    await copy();
  } catch (error) {
    return refused(error);
  }
  if (!isHeld()) return LEASE_LOST;
  try {
    return await settle();
  } catch (error) {
    return { error, lost: true };
  }
}
