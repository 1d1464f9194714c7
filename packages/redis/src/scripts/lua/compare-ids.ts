/** `before(a, b)`: whether one entry id comes before another. Sequence numbers can be too large for Lua's numbers. */
export const COMPARE_IDS = `
local function split(id) local ms, seq = string.match(id, '^(%d+)-(%d+)$') return tonumber(ms), seq end
local function before(a, b)
  local am, as = split(a)
  local bm, bs = split(b)
  if am ~= bm then return am < bm end
  if #as ~= #bs then return #as < #bs end
  return as < bs
end`;
