const SHORTEST = 1_000;
const LONGEST = 10_000;

/** How often to show the server that this process lives, in ms: a third of the lease, from 1 s to 10 s. */
export function heartbeatOf(lease: number): number {
  return Math.max(SHORTEST, Math.min(LONGEST, Math.floor(lease / 3)));
}
