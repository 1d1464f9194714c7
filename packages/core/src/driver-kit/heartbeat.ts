const SHORTEST = 1_000;
const LONGEST = 10_000;

/** Returns the heartbeat interval for a lease, both in ms: a third of the lease, but from 1 s to 10 s. */
export function heartbeatOf(lease: number): number {
  return Math.max(SHORTEST, Math.min(LONGEST, Math.floor(lease / 3)));
}
