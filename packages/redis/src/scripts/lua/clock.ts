/** `clock()`: the server's time in ms, with fractions. */
export const CLOCK = `
local function clock() local t = redis.call('TIME') return t[1] * 1000 + t[2] / 1000 end`;
