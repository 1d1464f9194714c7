import { CLOCK } from "./lua/clock.ts";
import { COMPARE_IDS } from "./lua/compare-ids.ts";
import { CONSUMER_LEASE } from "./lua/consumer-lease.ts";
import { TO_MAP } from "./lua/to-map.ts";
import { type ScriptRunner, script } from "./script.ts";

/** KEYS: stream, retention. ARGV: how many entries at most. Returns how many were deleted. */
const TRIM_TOPIC = script(
  CLOCK,
  COMPARE_IDS,
  TO_MAP,
  CONSUMER_LEASE,
  `
local function abandoned(group)
  if not string.find(group, '%.%x+%-%x+%-%x+%-%x+%-%x+$') then return false end
  local has_consumer = false
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], group)) do
    local c = to_map(flat)
    local lease = lease_of(c.name)
    if not lease or c.idle < lease * 2 then return false end
    has_consumer = true
  end
  return has_consumer
end
local retention = redis.call('GET', KEYS[2])
if not retention or redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local bound = string.format('%.0f', math.floor(clock()) - retention) .. '-0'
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local g = to_map(flat)
  if abandoned(g.name) then redis.call('XGROUP', 'DESTROY', KEYS[1], g.name)
  else
    local first = g['last-delivered-id']
    if g.pending > 0 then
      local oldest = redis.call('XPENDING', KEYS[1], g.name)[2]
      if before(oldest, first) then first = oldest end
    end
    if before(first, bound) then bound = first end
  end
end
return redis.call('XTRIM', KEYS[1], 'MINID', '~', bound, 'LIMIT', ARGV[1])`,
);

/**
 * Deletes entries whose retention is over and that every group has handled, and destroys the groups of ephemeral
 * subscriptions whose consumer has been idle for two leases. Without a retention it does nothing: then the stream was
 * not created by anybroker. Resolves with how many entries were deleted.
 */
export async function trimTopic(
  runner: ScriptRunner,
  { stream, retention, limit }: { readonly stream: string; readonly retention: string; readonly limit: number },
): Promise<number> {
  return Number(await runner.run(TRIM_TOPIC, [stream, retention], [limit]));
}
