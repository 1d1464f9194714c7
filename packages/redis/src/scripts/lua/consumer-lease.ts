/**
 * `lease_of(consumer)`: the lease in the name of a consumer of anybroker, as text; nil for any other consumer. No lease has
 * more than six digits; a longer number could fail the command that it is given to.
 */
export const CONSUMER_LEASE = `
local function lease_of(consumer)
  local lease = string.match(consumer, '^anybroker%-.*%-(%d+)$')
  return lease and #lease <= 6 and lease or nil
end`;
