import { RELEASED } from "../topology.ts";
import type { RawEntry } from "../wire.ts";
import { ACKNOWLEDGE, type Cleanup } from "./lua/acknowledge.ts";
import { ALLOW_OOM } from "./lua/allow-oom.ts";
import { COMPARE_IDS } from "./lua/compare-ids.ts";
import { CONSUMER_LEASE } from "./lua/consumer-lease.ts";
import { CONSUMER_LISTS, type ConsumerLists, consumerArguments } from "./lua/consumer-lists.ts";
import { PROMOTE } from "./lua/promote.ts";
import { TO_MAP } from "./lua/to-map.ts";
import { type ScriptRunner, script } from "./script.ts";

/**
 * An entry that was handed over so often and never settled goes to the dead letters. This is the backstop behind the
 * core's own limit.
 */
const MAX_DELIVERIES = 100;

/** An entry with more names and values than this is never copied: Lua cannot pass many more to one call. */
const MAX_COPIED = 7_000;

/**
 * KEYS: owners, dead letters, then pairs of a stream and its delayed set. ARGV: group, consumer, how many entries at
 * most, the lease, for each pair its partition (or nothing) and its cleanup, then the consumer lists.
 *
 * For each stream: moves due messages to it. Then it takes over the entries that other consumers have lost: those
 * released, those of consumers that have ended, and those that were idle for longer than the lease in the name of their
 * consumer. The owner of a partition takes over everything that others hold, then reads new entries too; a consumer
 * that does not own the partition gets nothing.
 *
 * Returns the consumers that hold something and have been idle for a second, then for each stream: after how many ms
 * the next delayed message is due (-1: there is none), for an owner the id up to which the group has read, and then the
 * number of earlier deliveries and the entry, in turn, in the order of the stream.
 */
const COLLECT_ENTRIES = script(
  ALLOW_OOM,
  COMPARE_IDS,
  ACKNOWLEDGE,
  TO_MAP,
  CONSUMER_LEASE,
  CONSUMER_LISTS,
  PROMOTE,
  `
local group, me, max, pairs = ARGV[1], ARGV[2], tonumber(ARGV[3]), #KEYS / 2 - 1
local ended, _, living = consumer_lists(5 + pairs * 2)
local silent = {}
local function idle_needed(name, owner)
  if name == '${RELEASED}' or ended(name) or (owner and name ~= me) then return '0' end
  return lease_of(name) or ARGV[4]
end
local function gave_up(stream, entry, count, cleanup)
  if count < ${MAX_DELIVERIES} or #entry[2] > ${MAX_COPIED} then return false end
  if not redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', unpack(entry[2])) then return false end
  acknowledge(stream, group, cleanup, { entry[1] }, 1, 1)
  return true
end
local function take_over(stream, owner, cleanup, result)
  local found = {}
  for _, one in ipairs(redis.call('XPENDING', stream, group)[4] or {}) do
    local name, idle = one[1], idle_needed(one[1], owner)
    for _, row in ipairs(redis.call('XPENDING', stream, group, 'IDLE', idle, '-', '+', max, name)) do
      found[#found + 1] = row
    end
    if idle ~= '0' and not living[name] then
      local idle_entries = redis.call('XPENDING', stream, group, 'IDLE', 1000, '-', '+', 1, name)
      if #idle_entries > 0 then silent[#silent + 1] = name end
    end
  end
  table.sort(found, function(a, b) return before(a[1], b[1]) end)
  for i = 1, math.min(#found, max) do
    local entry = redis.call('XCLAIM', stream, group, me, 0, found[i][1])[1]
    if entry and entry[2] and not gave_up(stream, entry, found[i][4], cleanup) then
      result[#result + 1] = found[i][4]
      result[#result + 1] = entry
    end
  end
  max = max - math.min(#found, max)
end
local function read(stream, result)
  local reply = max > 0 and redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', max, 'STREAMS', stream, '>')
  for _, entry in ipairs(reply and reply[1][2] or {}) do
    result[#result + 1] = 0
    result[#result + 1] = entry
    max = max - 1
  end
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local g = to_map(flat)
    if g.name == group then result[2] = g['last-delivered-id'] end
  end
end
local results = { silent }
for i = 1, pairs do
  local stream, partition, cleanup = KEYS[i * 2 + 1], ARGV[3 + i * 2], ARGV[4 + i * 2]
  local result = { promote(stream, KEYS[i * 2 + 2]), '' }
  local shared = partition == ''
  local owner = not shared and redis.call('HGET', KEYS[1], partition) == me
  if (shared or owner) and max > 0 then take_over(stream, owner, cleanup, result)
  else redis.call('XPENDING', stream, group) end -- fails if the group is missing
  if owner then read(stream, result) end
  results[#results + 1] = result
end
return results`,
);

/** One of the streams to collect from. */
export interface CollectStream {
  readonly stream: string;
  readonly delayed: string;
  readonly cleanup: Cleanup;
  /** The partition that the consumer must own; undefined if consumers share the stream. */
  readonly partition: number | undefined;
}

/** Where to collect entries, and for whom. */
export interface CollectRequest {
  readonly group: string;
  readonly consumer: string;
  /** How many entries at most, of all streams together. */
  readonly max: number;
  readonly lease: number;
  readonly streams: readonly CollectStream[];
  readonly deadLetters: string;
  /** The hash of the partitions' owners; undefined if no stream has a partition. */
  readonly owners: string | undefined;
  readonly consumers: ConsumerLists;
}

/** The reply without the entries. */
export interface CollectReply {
  /** Consumers that hold entries and have been idle for a second. */
  readonly silent: readonly string[];
  /** For each stream of the request. */
  readonly streams: readonly {
    /** The ms until the next delayed message is due; undefined if there is none. */
    readonly nextDue: number | undefined;
    /** The id up to which the group has read; empty unless the consumer owns the partition. */
    readonly lastRead: string;
  }[];
}

/** Called with each entry that now belongs to the consumer, the index of its stream and its earlier deliveries. */
export type OnEntry = (entry: RawEntry, stream: number, deliveries: number) => void;

/** Moves due messages to their streams, and hands over entries that other consumers have lost or that are new. */
export async function collectEntries(
  runner: ScriptRunner,
  { group, consumer, max, lease, streams, deadLetters, owners, consumers }: CollectRequest,
  onEntry: OnEntry,
): Promise<CollectReply> {
  // An account may have no right to a key that it does not need, so the place of the owners is filled with another key.
  const keys = [owners ?? deadLetters, deadLetters, ...streams.flatMap(({ stream, delayed }) => [stream, delayed])];
  const perStream = streams.flatMap(({ partition, cleanup }) => [partition ?? "", cleanup]);
  const args = [group, consumer, max, lease, ...perStream, ...consumerArguments(consumers)];
  // The cast is true: the script returns this.
  const reply = (await runner.run(COLLECT_ENTRIES, keys, args)) as readonly (readonly unknown[])[];
  const [silent = [], ...results] = reply;
  for (const [index, found] of results.entries()) {
    for (let at = 2; at < found.length; at += 2) {
      // The casts are true: from the third place on, counts and entries follow in turn.
      onEntry(found[at + 1] as RawEntry, index, found[at] as number);
    }
  }
  return {
    silent: silent.map(String),
    streams: results.map(([next, lastRead]) => ({
      nextDue: Number(next) >= 0 ? Number(next) : undefined,
      lastRead: String(lastRead),
    })),
  };
}
