import { SUSPECT_FROM } from "../contract/source.ts";

/** From this many on, a suspect is given up if no other suspect waits with it. */
const CONDEMN_FROM = 12;
/** From this many on, a suspect is given up even if other suspects wait with it. */
const CONDEMN_ANYWAY_FROM = 20;

/**
 * How many deliveries of a message ended without an outcome in other processes. Deliveries that this process lost
 * while it lived, such as by a broken connection, are not evidence of a crash.
 */
export function crashEvidence(deliveries: number | undefined, survived: number): number {
  return Math.max(0, (deliveries ?? 0) - survived);
}

/** Whether a message may have killed the processes that handled it. A suspect starts last and alone. */
export function isSuspect(evidence: number): boolean {
  return evidence >= SUSPECT_FROM;
}

/**
 * Whether a suspect that is about to start is given up instead.
 *
 * Where the evidence is shared, a crash raises it for everything that its process held. One of three orders of suspects is
 * backwards. So within three crashes all bystanders have been handled before the guilty message, and only that one is left.
 * Therefore a suspect is condemned only when no other one waits with it, or after so many crashes that nothing else
 * explains them.
 */
export function isCondemned(evidence: number, otherSuspects: number): boolean {
  return evidence >= (otherSuspects === 0 ? CONDEMN_FROM : CONDEMN_ANYWAY_FROM);
}

/** The properties that decide which of two messages goes first after a crash. */
export interface Suspected {
  readonly id: string | undefined;
  /** The number of crashes that it is suspected of. */
  readonly evidence: number;
}

/**
 * Whether one message that came back from crashes starts before another, forwards or backwards: by their evidence, and where
 * that is the same by their ids. Messages that are not suspects come before all suspects.
 */
export function startsBefore(one: Suspected, other: Suspected, isForwards: boolean): boolean {
  const isOneSuspect = isSuspect(one.evidence);
  if (isOneSuspect !== isSuspect(other.evidence)) return !isOneSuspect;
  if (one.evidence !== other.evidence) return isForwards === one.evidence < other.evidence;
  return isForwards === (one.id ?? "") < (other.id ?? "");
}

/**
 * Whether suspects start forwards, when this is the most evidence among them. Each crash raises the evidence of the guilty
 * message, which soon has the most: then the others are before it. As long as it has less, they are before it in one of
 * three orders, which is backwards.
 */
export function isForwards(mostEvidence: number): boolean {
  return mostEvidence % 3 !== 0;
}
