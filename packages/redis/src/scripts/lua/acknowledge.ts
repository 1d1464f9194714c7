/**
 * The way to remove an acked entry. With `xdel` it is deleted, unless another group reads the stream too. With `xackdel`,
 * which needs Redis 8.2, it is also deleted if all other groups are done with it already.
 */
export type Cleanup = "keep" | "xdel" | "xackdel";

/** `deletes(stream, cleanup)`: whether acked entries are deleted from the stream now. */
export const DELETES = `
local function deletes(stream, cleanup) return cleanup ~= 'keep' and #redis.call('XINFO', 'GROUPS', stream) == 1 end`;

/**
 * `acknowledge(stream, group, cleanup, ids, from, to)`: acks the entries `ids[from]` to `ids[to]` and cleans up. Where
 * the server or the account cannot use `XACKDEL`, it does what `xdel` does.
 */
export const ACKNOWLEDGE: string = `${DELETES}
local function acknowledge(stream, group, cleanup, ids, from, to)
  if cleanup == 'xackdel' then
    local reply = redis.pcall('XACKDEL', stream, group, 'ACKED', 'IDS', to - from + 1, unpack(ids, from, to))
    if not reply.err then return end
  end
  redis.call('XACK', stream, group, unpack(ids, from, to))
  if deletes(stream, cleanup) then redis.call('XDEL', stream, unpack(ids, from, to)) end
end`;
