import { RELEASED, type SourceStream } from "../topology.ts";
import { type Cleanup, DELETES } from "./lua/acknowledge.ts";
import { ALLOW_OOM } from "./lua/allow-oom.ts";
import { COMPARE_IDS } from "./lua/compare-ids.ts";
import { TO_MAP } from "./lua/to-map.ts";
import { type ScriptRunner, script } from "./script.ts";

/**
 * KEYS: stream. ARGV: group, cleanup, the last id to drop (empty at first), where to go on (empty at first). Returns the
 * last id to drop and where to go on; empty when nothing is left to do.
 *
 * Released entries are acked, because no consumer holds them. Where other groups read the stream, the group then skips to
 * the end. Elsewhere the entries that no consumer holds are deleted, up to 10,000 in one step: those before the first one
 * that is held without being read, those behind it one by one.
 */
const PURGE_STREAM = script(
  ALLOW_OOM,
  COMPARE_IDS,
  DELETES,
  TO_MAP,
  `
local stream, group, bound, from = KEYS[1], ARGV[1], ARGV[3], ARGV[4]
local exists = false
if redis.call('EXISTS', stream) == 1 then
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do exists = exists or to_map(flat).name == group end
end
if not exists then return { '', '' } end
if bound == '' then
  local ids
  repeat
    ids = {}
    for i, row in ipairs(redis.call('XPENDING', stream, group, '-', '+', 1000, '${RELEASED}')) do ids[i] = row[1] end
    if #ids > 0 then redis.call('XACK', stream, group, unpack(ids)) end
  until #ids == 0
  local info = to_map(redis.call('XINFO', 'STREAM', stream))
  bound = info['last-generated-id']
  if not deletes(stream, ARGV[2]) then
    redis.call('XGROUP', 'SETID', stream, group, bound, 'ENTRIESREAD', info['entries-added'])
    return { bound, '' }
  end
end
local pending = redis.call('XPENDING', stream, group)
local oldest = pending[1] > 0 and before(pending[2], bound) and pending[2]
local first_kept = oldest or string.format('%.0f-0', split(bound) + 1)
if redis.call('XTRIM', stream, 'MINID', '~', first_kept, 'LIMIT', 10000) > 0 then return { bound, '-' } end
redis.call('XTRIM', stream, 'MINID', first_kept)
if not oldest then return { bound, '' } end
local entries = redis.call('XRANGE', stream, from == '' and '-' or from, bound, 'COUNT', 500)
if #entries == 0 then return { bound, '' } end
local last, held, ids = entries[#entries][1], {}, {}
for _, row in ipairs(redis.call('XPENDING', stream, group, entries[1][1], last, 1000000)) do held[row[1]] = true end
for _, entry in ipairs(entries) do if not held[entry[1]] then ids[#ids + 1] = entry[1] end end
if #ids > 0 then redis.call('XDEL', stream, unpack(ids)) end
return { bound, '(' .. last }`,
);

/** A stream of a source, and what happens to its acked entries. */
export interface PurgeRequest extends Pick<SourceStream, "stream" | "group"> {
  readonly cleanup: Cleanup;
}

/** Drops what the group has not read and what was released, step by step. What consumers hold stays. */
export async function purgeStream(
  runner: ScriptRunner,
  { stream, group, cleanup }: PurgeRequest,
  signal: AbortSignal,
): Promise<void> {
  let bound = "";
  let from = "";
  do {
    signal.throwIfAborted();
    // The cast is true: the script returns this.
    const reply = (await runner.run(PURGE_STREAM, [stream], [group, cleanup, bound, from])) as readonly [
      Buffer,
      Buffer,
    ];
    [bound, from] = [String(reply[0]), String(reply[1])];
  } while (from !== "");
}
