/** From this many unexplained deliveries on, a message is suspected of killing the process that handles it. */
const SUSPECT_FROM = 2;
/** From this many on, a suspect that no other suspect waits with is given up. */
const CONDEMN_FROM = 12;
/** From this many on, a suspect is given up whatever else waits. */
const CONDEMN_ANYWAY_FROM = 20;

/**
 * How many deliveries of a message ended without an outcome in another process than this one. Those that this process lost
 * while it lived, such as by a broken connection, are no evidence of a crash.
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
 * A crash raises the evidence of everything that its process held. The order of suspects is turned round from one crash to
 * the next. So after two crashes all bystanders have been before the guilty message, and it is the only one left. Therefore
 * a suspect is condemned only when no other one waits with it, or after so many crashes that nothing else explains them.
 */
export function isCondemned(evidence: number, otherSuspects: number): boolean {
  return evidence >= (otherSuspects === 0 ? CONDEMN_FROM : CONDEMN_ANYWAY_FROM);
}

/** What decides which of two messages goes first after a crash. */
export interface Suspected {
  readonly id: string | undefined;
  /** Of how many crashes it is suspected. */
  readonly evidence: number;
}

/**
 * Whether one message that came back from crashes starts before another, forwards or backwards: by their evidence, and where
 * that is the same by their ids. What is no suspect comes before all suspects in any case.
 */
export function startsBefore(one: Suspected, other: Suspected, isForwards: boolean): boolean {
  const isOneSuspect = isSuspect(one.evidence);
  if (isOneSuspect !== isSuspect(other.evidence)) return !isOneSuspect;
  if (one.evidence !== other.evidence) return isForwards === one.evidence < other.evidence;
  return isForwards === (one.id ?? "") < (other.id ?? "");
}

/**
 * Whether suspects start forwards, when this is the least evidence among them. Each crash raises the evidence of all, so the
 * direction is turned round from one crash to the next.
 */
export function isForwards(leastEvidence: number): boolean {
  return leastEvidence % 2 === 0;
}
