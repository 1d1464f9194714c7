import { RELEASED } from "../topology.ts";
import type { RedisDelivery } from "../wire.ts";
import { ACKNOWLEDGE, type Cleanup } from "./lua/acknowledge.ts";
import { type ScriptRunner, script } from "./script.ts";

/**
 * KEYS: stream, for what a filter has kept back also the key of the filter. ARGV: group, consumer, action, cleanup, the
 * ids, and that filter; for `release` each id is followed by the count of earlier deliveries that it goes back with.
 * Returns the places of the ids that the consumer no longer holds, from 0; nothing if the stored filter is another one.
 */
const SETTLE_ENTRIES = script(
  ACKNOWLEDGE,
  `
local stream, group, me, action = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local lost, acked, place = {}, {}, -1
if KEYS[2] and redis.call('GET', KEYS[2]) ~= ARGV[6] then return false end
for id, count in string.gmatch(ARGV[5], action == 'release' and '(%S+) (%S+)' or '(%S+)') do
  place = place + 1
  if action ~= 'ackUnchecked' and #redis.call('XPENDING', stream, group, id, id, 1, me) == 0 then
    lost[#lost + 1] = place
  elseif action == 'release' then
    redis.call('XCLAIM', stream, group, '${RELEASED}', 0, id, 'RETRYCOUNT', count, 'JUSTID')
  elseif action == 'extend' then
    redis.call('XCLAIM', stream, group, me, 0, id, 'JUSTID')
  else
    acked[#acked + 1] = id
  end
end
for from = 1, #acked, 1000 do acknowledge(stream, group, ARGV[4], acked, from, math.min(from + 999, #acked)) end
return lost`,
);

/**
 * The ways to settle entries that need no copy. All but `ackUnchecked` leave alone what the consumer no longer holds;
 * `ackUnchecked` acks every entry without a check, which costs the server a third less.
 */
export type SettleAction = "ack" | "ackUnchecked" | "release" | "extend";

/** Entries of one stream, and what happens to them. */
export interface SettleRequest {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly action: SettleAction;
  readonly cleanup: Cleanup;
  readonly deliveries: readonly RedisDelivery[];
  /** The filter that has kept the entries back, and its key. */
  readonly filter?: { readonly key: string; readonly text: string } | undefined;
}

/**
 * Acks, releases or extends entries. Resolves with the indexes of the deliveries that the consumer no longer holds, or with
 * `null` if the filter is another one by now, and nothing was done.
 */
export function settleEntries(runner: ScriptRunner, request: SettleRequest): Promise<readonly number[] | null> {
  const { stream, group, consumer, action, cleanup, deliveries, filter } = request;
  const ids = deliveries.map((delivery) =>
    action === "release" ? `${delivery.native.id} ${countAfterRelease(delivery)}` : delivery.native.id,
  );
  // One long text costs far less than many arguments.
  const args = [group, consumer, action, cleanup, ids.join(" ")];
  const keys = [stream];
  if (filter !== undefined) {
    keys.push(filter.key);
    args.push(filter.text);
  }
  // The cast is true: the script returns this.
  return runner.run(SETTLE_ENTRIES, keys, args) as Promise<readonly number[] | null>;
}

/** A release does not count. But notes are read only for entries that were delivered before. */
function countAfterRelease({ deliveries, progress }: RedisDelivery): number {
  return progress === undefined ? deliveries : Math.max(1, deliveries);
}
