import { CLOCK } from "./clock.ts";

/**
 * `promote(stream, delayed)`: moves up to 500 due messages from the sorted set to the stream. Returns after how many ms
 * the next one is due, and -1 if there is none or the stream is missing. Includes {@link CLOCK}.
 */
export const PROMOTE: string = `${CLOCK}
local function promote(stream, delayed)
  local now = math.floor(clock())
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', delayed, '-inf', now, 'LIMIT', 0, 500)) do
    local fields = cmsgpack.unpack(member)
    if not redis.call('XADD', stream, 'NOMKSTREAM', '*', unpack(fields, 2)) then return -1 end
    redis.call('ZREM', delayed, member)
  end
  local first = redis.call('ZRANGE', delayed, 0, 0, 'WITHSCORES')[2]
  return first and math.max(0, tonumber(first) - now) or -1
end`;
