import type { Bag } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import type { Source } from "../contract/source.ts";
import type { HeldMessage } from "./held-message.ts";

/** Reports of the lease keeper: lost messages, and renewals that failed. */
export interface LeaseEvents {
  lost(messages: readonly HeldMessage[]): void;
  failed(error: unknown): void;
}

/**
 * Renews the leases of all held messages. One timer serves them all: it fires when half of the rest of the shortest
 * lease is over. Call `watch` with the lease of each message that is added.
 */
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
  const extend = async (messages: readonly HeldMessage[]): Promise<void> => {
    extending = true;
    try {
      const ends = await source.extend?.(
        messages.map((one) => one.delivery),
        signal,
      );
      messages.forEach((one, index) => {
        if (ends !== undefined) one.leaseRenewed(ends[index]);
      });
      events.lost(messages.filter((one) => one.leaseUntil === undefined && held.has(one)));
    } catch (error) {
      if (!signal.aborted) events.failed(error);
    }
    extending = false;
  };
  const renew = (): void => {
    armedFor = Number.POSITIVE_INFINITY;
    // A lease that was not renewed in time has ended on the broker, even if a renewal is still running.
    const now = clock.now();
    events.lost(leased().filter((one) => (one.leaseUntil ?? 0) <= now));
    const messages = leased();
    if (messages.length > 0 && !extending) void extend(messages);
    for (const one of messages) watch(one.leaseUntil ?? 0);
  };
  signal.addEventListener("abort", () => cancel(), { once: true });
  return { watch };
}
