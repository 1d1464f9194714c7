import type { Bag } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import type { Source } from "../contract/source.ts";
import type { HeldMessage } from "./held-message.ts";

/** What a lease keeper reports. */
export interface LeaseEvents {
  lost(messages: readonly HeldMessage[]): void;
  failed(error: unknown): void;
}

/** Renews the leases of all held messages with one timer, when half of what remains of the shortest one is over. */
export function leaseKeeper(
  source: Source,
  clock: Clock,
  held: Bag<HeldMessage>,
  signal: AbortSignal,
  events: LeaseEvents,
): { watch(leaseUntil: number): void } {
  let cancel = (): void => {};
  let armedFor = Number.POSITIVE_INFINITY;
  let extending = false;
  const leased = (): HeldMessage[] => held.all().filter((one) => one.leaseUntil !== undefined);
  const watch = (leaseUntil: number): void => {
    const now = clock.now();
    const at = now + Math.max(1, (leaseUntil - now) / 2);
    if (at >= armedFor || signal.aborted) return;
    cancel();
    armedFor = at;
    cancel = clock.after(at - now, () => renew());
  };
  const extend = async (mine: readonly HeldMessage[]): Promise<void> => {
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
    // A lease that was not renewed in time has ended on the broker, whatever the renewal still returns.
    const now = clock.now();
    events.lost(leased().filter((one) => (one.leaseUntil ?? 0) <= now));
    const mine = leased();
    if (mine.length > 0 && !extending) void extend(mine);
    for (const one of mine) watch(one.leaseUntil ?? 0);
  };
  signal.addEventListener("abort", () => cancel(), { once: true });
  return { watch };
}
