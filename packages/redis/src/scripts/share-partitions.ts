import { ALLOW_OOM } from "./lua/allow-oom.ts";
import { CLOCK } from "./lua/clock.ts";
import { CONSUMER_LISTS, type ConsumerLists, consumerArguments } from "./lua/consumer-lists.ts";
import { type ScriptRunner, script } from "./script.ts";

/**
 * KEYS: owners, members, then the streams, partition by partition. ARGV: group, consumer, lease, `1` to be a member or
 * `0`, how many streams a partition has, then the consumer lists.
 *
 * The members take turns in the order of their names. A partition that is to go to another member stays with its owner
 * until it holds nothing of it. Returns the members of other programs, and the partitions of the consumer.
 */
const SHARE_PARTITIONS = script(
  ALLOW_OOM,
  CLOCK,
  CONSUMER_LISTS,
  `
local group, me, lease, per = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local now, others = clock(), {}
local ended, is_own = consumer_lists(6)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if ARGV[4] == '1' then redis.call('ZADD', KEYS[2], now + lease, me) else redis.call('ZREM', KEYS[2], me) end
local members, is_member = {}, {}
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  if ended(name) then redis.call('ZREM', KEYS[2], name)
  else
    members[#members + 1] = name
    is_member[name] = true
    if not is_own(name) then others[#others + 1] = name end
  end
end
table.sort(members)
local function busy(partition)
  for i = partition * per + 3, partition * per + 2 + per do
    for _, row in ipairs(redis.call('XPENDING', KEYS[i], group, '-', '+', 100, me)) do
      if row[3] < lease then return true end
    end
  end
  return false
end
local mine = {}
for partition = 0, (#KEYS - 2) / per - 1 do
  local owner, target = redis.call('HGET', KEYS[1], partition), members[partition % math.max(#members, 1) + 1]
  if owner == me and target ~= me and not busy(partition) then
    redis.call('HDEL', KEYS[1], partition)
  elseif target == me and (not owner or owner == me or not is_member[owner]) then
    redis.call('HSET', KEYS[1], partition, me)
    mine[#mine + 1] = partition
  end
end
return { others, mine }`,
);

/** A consumer that takes part in the sharing, or leaves it. */
export interface ShareRequest {
  readonly group: string;
  readonly consumer: string;
  readonly lease: number;
  /** False to leave: the consumer gets no partition, and gives up those it holds nothing of. */
  readonly member: boolean;
  /** The streams, partition by partition. */
  readonly streams: readonly string[];
  readonly streamsPerPartition: number;
  readonly owners: string;
  readonly members: string;
  readonly consumers: ConsumerLists;
}

/** How the partitions are shared now. */
export interface Shares {
  /** The consumers of other programs. */
  readonly others: readonly string[];
  /** The partitions that the consumer owns and keeps. */
  readonly partitions: readonly number[];
}

/** Shares the partitions among the consumers that are there, and renews the place of this one. */
export async function sharePartitions(runner: ScriptRunner, request: ShareRequest): Promise<Shares> {
  const { group, consumer, lease, member, streams, streamsPerPartition, owners, members, consumers } = request;
  const keys = [owners, members, ...streams];
  const args = [group, consumer, lease, member ? "1" : "0", streamsPerPartition, ...consumerArguments(consumers)];
  // The cast is true: the script returns this.
  const reply = (await runner.run(SHARE_PARTITIONS, keys, args)) as [readonly Buffer[], readonly number[]];
  const [others, partitions] = reply;
  return { others: others.map(String), partitions };
}
