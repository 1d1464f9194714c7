/** A lock that seems to end this soon tells that the clocks differ: the service's locks have 5 s or more. In ms. */
const IMPLAUSIBLE = 1_000;

/**
 * When a lock ends that was granted since `asked`, in milliseconds since 1970 by the clock: after a lease, or earlier where
 * the lock of the entity is shorter.
 */
export function lockEnd(lease: number, asked: number, lockedUntil: Date | undefined): number {
  const byService = (lockedUntil?.getTime() ?? Number.POSITIVE_INFINITY) - asked;
  return asked + (byService < IMPLAUSIBLE ? lease : Math.min(lease, byService));
}
