import type { Filter } from "../contract/entities.ts";
import { OWN } from "../contract/headers.ts";
import { readTime } from "../contract/own-headers.ts";
import { matches } from "./filter.ts";

/** The decision about a delivery before a handler sees it. */
export type ReceiptDecision =
  | { readonly action: "handle" }
  /** It was delivered before its time, and goes back for the rest of its delay. */
  | { readonly action: "requeue"; readonly wait: number }
  | { readonly action: "discard" }
  /** The subscription's filter does not match. */
  | { readonly action: "filter-out" };

const HANDLE: ReceiptDecision = { action: "handle" };

/**
 * Decides whether a handler may see a delivery now. `notBefore` is the end of a wait that is not in its headers. A pure
 * function.
 */
export function decideReceipt(
  headers: Readonly<Record<string, string>>,
  notBefore: number,
  filter: Filter | undefined,
  now: number,
): ReceiptDecision {
  const early = Math.max(notBefore, readTime(headers[OWN.notBefore]) ?? 0) - now;
  if (early > 0) return { action: "requeue", wait: early };
  if (isExpired(headers, now)) return { action: "discard" };
  if (filter !== undefined && !matches(filter, headers)) return { action: "filter-out" };
  return HANDLE;
}

/** Returns whether the message's time to live is over. */
export function isExpired(headers: Readonly<Record<string, string>>, now: number): boolean {
  const at = readTime(headers[OWN.expiresAt]);
  return at !== undefined && at <= now;
}
