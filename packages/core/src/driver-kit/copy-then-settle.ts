import type { SettleFailure, SettleResult } from "../contract/settlement.ts";
import { LEASE_LOST, refused } from "./failures.ts";

/** How one delivery moves to another place on a broker that cannot do it in one step. */
export interface CopyThenSettle {
  /** Writes the copy, and resolves once the broker has confirmed it. */
  readonly copy: () => Promise<unknown>;
  /** Whether the delivery is still ours. It may have been lost while the copy was on its way. */
  readonly isHeld: () => boolean;
  /** Takes the original away. */
  readonly settle: () => SettleResult | Promise<SettleResult>;
}

/**
 * Copies, waits for the confirm, and only then settles the original: a crash in between doubles the message and never
 * loses it. A copy that was refused leaves the delivery as it was. Never rejects.
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
    return lostWith(error);
  }
}

function lostWith(error: unknown): SettleFailure {
  return { error, lost: true };
}
