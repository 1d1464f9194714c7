import { createHash } from "node:crypto";

/** A piece of work that the server does in one step. */
export interface Script {
  readonly source: string;
  readonly sha: string;
}

/** The consumer under whose name lies what was given back: anybody may take it at once. */
export const RELEASED = "anybroker-released";

/** What has been handed over so often, and never settled, is dead: the backstop behind the core's own bound. */
export const MOST_DELIVERIES = 100;

/** What Lua can make arguments of at once is a little more. */
const MOST_TEXTS = 7_000;

function script(...parts: readonly string[]): Script {
  const source = parts.join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}

/**
 * Of what moves messages: it runs also when the memory is full. To refuse it would keep consumers from what is due and
 * from settling what fails, and then the memory stays full.
 */
const WHEN_FULL = "#!lua flags=allow-oom";

const NOW = `
local function clock() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end`;

/** Ids are compared as numbers of any length. */
const IDS = `
local function parts(id) local ms, seq = string.match(id, '^(%d+)-(%d+)$') return tonumber(ms), seq end
local function before(a, b)
  local am, as = parts(a)
  local bm, bs = parts(b)
  if am ~= bm then return am < bm end
  if #as ~= #bs then return #as < #bs end
  return as < bs
end`;

/** Whether what the group is done with goes from the stream too: where it may, unless another group reads it. */
const DELETES = `
local function deletes(stream, way) return way ~= '' and #redis.call('XINFO', 'GROUPS', stream) == 1 end`;

/**
 * The group is done with entries, and they go from the stream as {@link DELETES} says. With `xackdel`, of Redis 8.2,
 * also where all other groups are done with them already; where a server or an account may not, as without it.
 */
const DONE = `${DELETES}
local function done(stream, group, way, ids, from, to)
  if way == 'xackdel' then
    local answer = redis.pcall('XACKDEL', stream, group, 'ACKED', 'IDS', to - from + 1, unpack(ids, from, to))
    if not answer.err then return end
  end
  redis.call('XACK', stream, group, unpack(ids, from, to))
  if deletes(stream, way) then redis.call('XDEL', stream, unpack(ids, from, to)) end
end`;

/** What `XINFO` says of one thing. */
const MAP = `
local function map(flat) local m = {} for i = 1, #flat, 2 do m[flat[i]] = flat[i + 1] end return m end`;

/** The consumers of ours that live, and those of others that are known to be dead, from one argument on. */
const LISTS = `
local function lists(from)
  local living, dead, into = {}, {}, nil
  into = living
  for i = from, #ARGV do
    if ARGV[i] == '' then into = dead else into[ARGV[i]] = true end
  end
  return living, dead
end`;

/**
 * Adds messages. KEYS: pairs of stream and delayed set. ARGV: the fields of all messages, packed; how they go, packed:
 * into which pair, after how many milliseconds, with how many fields and values, and how many messages in a row; a text
 * of nobody else. Answers how many were accepted, if not all, and why not the next one, unless its stream is missing:
 * none of those after it was tried, so that no later message of its key can pass it.
 */
export const ADD: Script = script(
  NOW,
  `
local unpack = cmsgpack.unpack_limit
local function now(stream, at, ...) return at, redis.pcall('XADD', stream, '*', ...) end
local function later(delay, due, member, at, ...) return at, redis.pcall('ZADD', delay, due, cmsgpack.pack({ member, ... })) end
local row, at, done = 0, 0, 0
while row >= 0 do
  local pair, wait, count, times, added
  row, pair, wait, count, times = unpack(ARGV[2], 4, row)
  local stream, delay, due = KEYS[pair * 2 - 1], KEYS[pair * 2], wait > 0 and math.ceil(clock()) + wait
  if redis.call('EXISTS', stream) == 0 then return { done } end
  for _ = 1, times do
    if due then at, added = later(delay, due, ARGV[3] .. done, unpack(ARGV[1], count, at))
    else at, added = now(stream, unpack(ARGV[1], count, at)) end
    if type(added) == 'table' and added.err then
      if string.sub(added.err, 1, 8) == 'READONLY' then return added end
      return { done, added.err }
    end
    done = done + 1
  end
end
return {}`,
);

/**
 * Does something with entries. KEYS: stream. ARGV: group, consumer, what, `del` or `xackdel` where what was handled may
 * be deleted, their ids, for `release` followed by the count it is to go back with. What is `done` was handled, whoever
 * holds it; all else is done only to what the consumer still holds. Answers the places of the others.
 */
export const KEEP: Script = script(
  DONE,
  `
local stream, group, me, what = KEYS[1], ARGV[1], ARGV[2], ARGV[3]
local lost, kept, place = {}, {}, -1
for id, count in string.gmatch(ARGV[5], what == 'release' and '(%S+) (%S+)' or '(%S+)') do
  place = place + 1
  if what ~= 'done' and #redis.call('XPENDING', stream, group, id, id, 1, me) == 0 then lost[#lost + 1] = place
  elseif what == 'release' then redis.call('XCLAIM', stream, group, '${RELEASED}', 0, id, 'RETRYCOUNT', count, 'JUSTID')
  elseif what == 'extend' then redis.call('XCLAIM', stream, group, me, 0, id, 'JUSTID')
  else kept[#kept + 1] = id end
end
for from = 1, #kept, 1000 do done(stream, group, ARGV[4], kept, from, math.min(from + 999, #kept)) end
return lost`,
);

/**
 * Puts a copy somewhere and takes the original away. KEYS: stream, where to. ARGV: group, consumer, id, `del`,
 * `xackdel` or not, `stream`, `new` (a stream that may be missing) or `delay`, milliseconds, the copy's fields, packed.
 * Answers 1, 0 when the original is not held, and -1 when there is nowhere to put the copy.
 */
export const MOVE: Script = script(
  WHEN_FULL,
  NOW,
  DONE,
  `
local group, me, id, kind = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
if #redis.call('XPENDING', KEYS[1], group, id, id, 1, me) == 0 then return 0 end
if kind == 'delay' then
  redis.call('ZADD', KEYS[2], math.ceil(clock()) + ARGV[6], cmsgpack.pack({ id .. me, cmsgpack.unpack(ARGV[7]) }))
elseif kind == 'new' then redis.call('XADD', KEYS[2], '*', cmsgpack.unpack(ARGV[7]))
elseif not redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', cmsgpack.unpack(ARGV[7])) then return -1 end
done(KEYS[1], group, ARGV[4], { id }, 1, 1)
return 1`,
);

const PROMOTE_BODY = `
local function promote(stream, delay)
  local now = math.floor(clock())
  for _, member in ipairs(redis.call('ZRANGEBYSCORE', delay, '-inf', now, 'LIMIT', 0, 500)) do
    local fields = cmsgpack.unpack(member)
    if not redis.call('XADD', stream, 'NOMKSTREAM', '*', unpack(fields, 2)) then return -1 end
    redis.call('ZREM', delay, member)
  end
  local first = redis.call('ZRANGE', delay, 0, 0, 'WITHSCORES')[2]
  return first and math.max(0, tonumber(first) - now) or -1
end`;

/** Moves what is due from the delayed set to its stream. KEYS: stream, set. Answers when to come again, -1: never. */
export const PROMOTE: Script = script(WHEN_FULL, NOW, PROMOTE_BODY, `return promote(KEYS[1], KEYS[2])`);

/**
 * Moves what is due, and takes over what others have let go of. KEYS: who owns which partition, the dead letters, then
 * pairs of stream and delayed set. ARGV: group, consumer, how many at most, the lease, the prefix of our consumers' names, for each
 * pair its partition or nothing and \`del\` or \`xackdel\` as above, then those of our consumers that live, an empty
 * text, and those of others that do not. The owner of a partition takes over everything, and then reads on; who does not own it gets nothing. Answers
 * whose entries nobody has touched for a second, then for each pair when to come again, for an owner up to where the
 * group has read, and pairs of earlier hand-overs and entry, in the stream's order.
 */
export const TICK: Script = script(
  WHEN_FULL,
  NOW,
  IDS,
  DONE,
  MAP,
  LISTS,
  PROMOTE_BODY,
  `
local group, me, max, pairs = ARGV[1], ARGV[2], tonumber(ARGV[3]), #KEYS / 2 - 1
local living, dead = lists(6 + pairs * 2)
local silent = {}
local function idleOf(name, owner)
  local ours = string.sub(name, 1, #ARGV[5]) == ARGV[5]
  if name == '${RELEASED}' or dead[name] or (ours and not living[name]) or (owner and name ~= me) then return '0' end
  return string.match(name, '^anybroker%-.*%-(%d+)$') or ARGV[4]
end
local function buried(stream, entry, count, way)
  if count < ${MOST_DELIVERIES} or #entry[2] > ${MOST_TEXTS} then return false end
  if not redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', unpack(entry[2])) then return false end
  done(stream, group, way, { entry[1] }, 1, 1)
  return true
end
local function claim(stream, owner, way, result)
  local found = {}
  for _, one in ipairs(redis.call('XPENDING', stream, group)[4] or {}) do
    local name, idle = one[1], idleOf(one[1], owner)
    for _, row in ipairs(redis.call('XPENDING', stream, group, 'IDLE', idle, '-', '+', max, name)) do
      found[#found + 1] = row
    end
    if idle ~= '0' and not living[name] and #redis.call('XPENDING', stream, group, 'IDLE', 1000, '-', '+', 1, name) > 0 then
      silent[#silent + 1] = name
    end
  end
  table.sort(found, function(a, b) return before(a[1], b[1]) end)
  for i = 1, math.min(#found, max) do
    local entry = redis.call('XCLAIM', stream, group, me, 0, found[i][1])[1]
    if entry and entry[2] and not buried(stream, entry, found[i][4], way) then
      result[#result + 1] = found[i][4]
      result[#result + 1] = entry
    end
  end
  max = max - math.min(#found, max)
end
local function read(stream, result)
  local answer = max > 0 and redis.call('XREADGROUP', 'GROUP', group, me, 'COUNT', max, 'STREAMS', stream, '>')
  for _, entry in ipairs(answer and answer[1][2] or {}) do
    result[#result + 1] = 0
    result[#result + 1] = entry
    max = max - 1
  end
  for _, flat in ipairs(redis.call('XINFO', 'GROUPS', stream)) do
    local g = map(flat)
    if g.name == group then result[2] = g['last-delivered-id'] end
  end
end
local results = { silent }
for i = 1, pairs do
  local stream, partition = KEYS[i * 2 + 1], ARGV[4 + i * 2]
  local owner = partition ~= ''
  local result = { promote(stream, KEYS[i * 2 + 2]), '' }
  if owner and redis.call('HGET', KEYS[1], partition) ~= me then owner = nil end
  if owner ~= nil and max > 0 then claim(stream, owner, ARGV[5 + i * 2], result) else redis.call('XPENDING', stream, group) end
  if owner then read(stream, result) end
  results[#results + 1] = result
end
return results`,
);

/**
 * Shares partitions out among the consumers that are there. KEYS: owners, members, then the streams, \`per\` of them to
 * a partition. ARGV: group, consumer, lease, \`1\` to be there, per, the prefix of our consumers' names, then as for
 * {@link TICK}. One that is to go to another stays until nothing of it is held. Answers the other consumers, and the
 * partitions to read from.
 */
export const SHARE: Script = script(
  WHEN_FULL,
  NOW,
  LISTS,
  `
local group, me, lease, per = ARGV[1], ARGV[2], tonumber(ARGV[3]), tonumber(ARGV[5])
local now, others, living, dead = clock(), {}, lists(7)
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', now)
if ARGV[4] == '1' then redis.call('ZADD', KEYS[2], now + lease, me) else redis.call('ZREM', KEYS[2], me) end
local members, there = {}, {}
for _, name in ipairs(redis.call('ZRANGE', KEYS[2], 0, -1)) do
  local ours = string.sub(name, 1, #ARGV[6]) == ARGV[6]
  if dead[name] or (ours and not living[name]) then redis.call('ZREM', KEYS[2], name)
  else
    members[#members + 1] = name
    there[name] = true
    if not ours then others[#others + 1] = name end
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
  elseif target == me and (not owner or owner == me or not there[owner]) then
    redis.call('HSET', KEYS[1], partition, me)
    mine[#mine + 1] = partition
  end
end
return { others, mine }`,
);

/**
 * Deletes what every group has handled and nobody may ask for any more, and ephemeral groups whose consumer has gone.
 * KEYS: stream, retention. ARGV: how many at most. What is unread or pending anywhere stays, and everything where there
 * is no retention: somebody else has made it. Answers how many.
 */
export const TRIM: Script = script(
  NOW,
  IDS,
  MAP,
  `
local function abandoned(group)
  if not string.find(group, '%.%x+%-%x+%-%x+%-%x+%-%x+$') then return false end
  local gone = false
  for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], group)) do
    local c = map(flat)
    local lease = string.match(c.name, '^anybroker%-.*%-(%d+)$')
    if not lease or c.idle < lease * 2 then return false end
    gone = true
  end
  return gone
end
local retention = redis.call('GET', KEYS[2])
if not retention or redis.call('EXISTS', KEYS[1]) == 0 then return 0 end
local bound = string.format('%.0f', math.floor(clock()) - retention) .. '-0'
for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[1])) do
  local g = map(flat)
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
 * Makes a stream that is empty, unless there is one. KEYS: stream, for a topic also retention. ARGV: retention.
 * Answers the retention of the one that is there.
 */
export const CREATE: Script = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XDEL', KEYS[1], redis.call('XADD', KEYS[1], '*', 'd', ''))
  if KEYS[2] then redis.call('SET', KEYS[2], ARGV[1]) end
elseif redis.call('TYPE', KEYS[1]).ok ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[1] .. ' is no stream')
end
return KEYS[2] and redis.call('GET', KEYS[2]) or '0'`);

/** Makes an ephemeral group and its consumer. KEYS: stream. ARGV: group, start, consumer. */
export const BEGIN: Script = script(`
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[1], ARGV[3])`);

/**
 * Forgets consumers that hold nothing: the one named, and those of ours that have been silent for ten leases.
 * KEYS: stream. ARGV: group, consumer.
 */
export const SWEEP: Script = script(
  MAP,
  `
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local c = map(flat)
  local lease = string.match(c.name, '^anybroker%-.*%-(%d+)$')
  if c.pending == 0 and (c.name == ARGV[2] or (lease and c.idle > lease * 10)) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], c.name)
  end
end
return 0`,
);

/**
 * Counts. KEYS: pairs of stream and delayed set, then the dead letters. ARGV: group, then for each stream \`del\` as
 * above.
 * Answers ready, delayed, in flight, dead.
 */
export const COUNT: Script = script(
  DELETES,
  MAP,
  `
local ready, delayed, pending = 0, 0, 0
for i = 1, #KEYS - 1, 2 do
  local length = redis.call('XLEN', KEYS[i])
  local summary = redis.call('XPENDING', KEYS[i], ARGV[1])
  local back = 0
  for _, one in ipairs(summary[4] or {}) do if one[1] == '${RELEASED}' then back = tonumber(one[2]) end end
  pending = pending + summary[1] - back
  delayed = delayed + redis.call('ZCARD', KEYS[i + 1])
  if deletes(KEYS[i], ARGV[(i + 3) / 2]) then ready = ready + length - summary[1] + back
  else
    for _, flat in ipairs(redis.call('XINFO', 'GROUPS', KEYS[i])) do
      local g = map(flat)
      if g.name == ARGV[1] then
        local lag = g.lag or #redis.call('XRANGE', KEYS[i], '(' .. g['last-delivered-id'], '+', 'COUNT', 10000)
        ready = ready + lag + back
      end
    end
  end
end
return { ready, delayed, pending, redis.call('XLEN', KEYS[#KEYS]) }`,
);

/**
 * Moves dead letters back. KEYS: dead letters, streams. ARGV: the letters, packed: of each its id, which stream, how
 * many fields, and those. Answers how many there were, and -1 when a stream is missing.
 */
export const REPLAY: Script = script(
  WHEN_FULL,
  `
local function add(stream, at, ...) return at, redis.call('XADD', stream, 'NOMKSTREAM', '*', ...) end
local at, moved = 0, 0
while at >= 0 do
  local id, key, count, added
  at, id, key, count = cmsgpack.unpack_limit(ARGV[1], 3, at)
  if #redis.call('XRANGE', KEYS[1], id, id) == 0 then at = cmsgpack.unpack_limit(ARGV[1], count, at)
  else
    at, added = add(KEYS[key], cmsgpack.unpack_limit(ARGV[1], count, at))
    if not added then return -1 end
    redis.call('XDEL', KEYS[1], id)
    moved = moved + 1
  end
end
return moved`,
);
