import type { Bag } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import type { Source } from "../contract/source.ts";
import type { Held } from "./held.ts";

/** What becomes of leases that cannot be renewed. */
export interface LeaseEvents {
  lost(messages: readonly Held[]): void;
  failed(error: unknown): void;
}

/** Renews, with one timer, the leases of all that is held: when half of what remains of the shortest is over. */
export function leaseKeeper(
  source: Source,
  clock: Clock,
  held: Bag<Held>,
  signal: AbortSignal,
  events: LeaseEvents,
): { watch(leaseUntil: number): void } {
  let cancel = (): void => {};
  let armedFor = Number.POSITIVE_INFINITY;
  let extending = false;
  const leased = (): Held[] => held.all().filter((one) => one.leaseUntil !== undefined);
  const watch = (leaseUntil: number): void => {
    const now = clock.now();
    const at = now + Math.max(1, (leaseUntil - now) / 2);
    if (at >= armedFor || signal.aborted) return;
    cancel();
    armedFor = at;
    cancel = clock.after(at - now, () => renew());
  };
  const extend = async (mine: readonly Held[]): Promise<void> => {
    extending = true;
    try {
      const ends = await source.extend?.(
        mine.map((one) => one.delivery),
        signal,
      );
      mine.forEach((one, index) => {
        if (ends !== undefined) one.leaseUntil = ends[index];
      });
      events.lost(mine.filter((one) => one.leaseUntil === undefined && held.has(one)));
    } catch (error) {
      if (!signal.aborted) events.failed(error);
    }
    extending = false;
  };
  const renew = (): void => {
    armedFor = Number.POSITIVE_INFINITY;
    // What was not renewed in time is somebody else's by now, whatever has become of the renewal.
    const now = clock.now();
    events.lost(leased().filter((one) => (one.leaseUntil ?? 0) <= now));
    const mine = leased();
    if (mine.length > 0 && !extending) void extend(mine);
    for (const one of mine) watch(one.leaseUntil ?? 0);
  };
  signal.addEventListener("abort", () => cancel(), { once: true });
  return { watch };
}
