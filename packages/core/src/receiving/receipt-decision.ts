import type { Filter } from "../contract/entities.ts";
import { OWN } from "../contract/headers.ts";
import { matches } from "./filter.ts";

/** What becomes of a delivery before a handler sees it. */
export type ReceiptDecision =
  | { readonly action: "handle" }
  /** It came before its time, and goes round again. */
  | { readonly action: "requeue"; readonly wait: number }
  | { readonly action: "discard" }
  /** The subscription's filter does not let it through. */
  | { readonly action: "filter-out" };

const HANDLE: ReceiptDecision = { action: "handle" };

/** Decides whether a handler is to see a delivery now. `notBefore` is the end of a wait that its headers do not know. Pure. */
export function decideReceipt(
  headers: Readonly<Record<string, string>>,
  notBefore: number,
  filter: Filter | undefined,
  now: number,
): ReceiptDecision {
  const early = Math.max(notBefore, Number(headers[OWN.notBefore] ?? 0)) - now;
  if (early > 0) return { action: "requeue", wait: early };
  if (isExpired(headers, now)) return { action: "discard" };
  if (filter !== undefined && !matches(filter, headers)) return { action: "filter-out" };
  return HANDLE;
}

/** Whether the message's time to live is over. */
export function isExpired(headers: Readonly<Record<string, string>>, now: number): boolean {
  const at = headers[OWN.expiresAt];
  return at !== undefined && Number(at) <= now;
}
