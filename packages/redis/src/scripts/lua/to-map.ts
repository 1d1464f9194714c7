/** `to_map(flat)`: a table of the names and values that `XINFO` lists in turn. */
export const TO_MAP = `
local function to_map(flat) local m = {} for i = 1, #flat, 2 do m[flat[i]] = flat[i + 1] end return m end`;
