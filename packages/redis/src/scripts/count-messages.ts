import { RELEASED, type SourceKeys } from "../topology.ts";
import { DELETES } from "./lua/acknowledge.ts";
import { TO_MAP } from "./lua/to-map.ts";
import { type ScriptRunner, script } from "./script.ts";

/**
 * KEYS: pairs of a stream and its delayed set, then the dead letters. ARGV: group, then for each stream its cleanup.
 * Returns ready, delayed, in flight, dead.
 *
 * Where acked entries are deleted, everything in the stream is ready or in flight. Elsewhere it takes the group's lag,
 * or counts up to 10,000 entries where the server does not know the lag. A lag can stay too high after a restart of the
 * server, so a group that has read the last entry has none.
 */
const COUNT_MESSAGES = script(
  DELETES,
  TO_MAP,
  `
local ready, delayed, pending = 0, 0, 0
for i = 1, #KEYS - 1, 2 do
  local length = redis.call('XLEN', KEYS[i])
  local summary = redis.call('XPENDING', KEYS[i], ARGV[1])
  local released = 0
  for _, one in ipairs(summary[4] or {}) do if one[1] == '${RELEASED}' then released = tonumber(one[2]) end end
  pending = pending + summary[1] - released
  delayed = delayed + redis.call('ZCARD', KEYS[i + 1])
  if deletes(KEYS[i], ARGV[(i + 3) / 2]) then ready = ready + length - summary[1] + released
  else
    local last = to_map(redis.call('XINFO', 'STREAM', KEYS[i]))['last-generated-id']
    for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[i])) do
      local g = to_map(flat)
      if g.name == ARGV[1] then
        local lag = g['last-delivered-id'] == last and 0
          or g.lag
          or #redis.call('XRANGE', KEYS[i], '(' .. g['last-delivered-id'], '+', 'COUNT', 10000)
        ready = ready + lag + released
      end
    end
  end
end
return { ready, delayed, pending, redis.call('XLEN', KEYS[#KEYS]) }`,
);

/** How many messages a queue or subscription has. */
export interface Counts {
  readonly ready: number;
  readonly delayed: number;
  readonly inFlight: number;
  readonly dead: number;
}

/** Counts the messages of a queue or subscription. */
export async function countMessages(
  runner: ScriptRunner,
  { streams, deadLetters }: Pick<SourceKeys, "streams" | "deadLetters">,
): Promise<Counts> {
  const keys = [...streams.flatMap(({ stream, delayed }) => [stream, delayed]), deadLetters];
  const args = [streams[0].group, ...streams.map(({ exclusive }) => (exclusive ? "xdel" : "keep"))];
  // The cast is true: the script returns this.
  const reply = (await runner.run(COUNT_MESSAGES, keys, args)) as readonly [number, number, number, number];
  const [ready, delayed, inFlight, dead] = reply;
  return { ready, delayed, inFlight, dead };
}
