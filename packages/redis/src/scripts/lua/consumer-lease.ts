/** `lease_of(consumer)`: the lease in the name of a consumer of anybroker, as text; nil for any other consumer. */
export const CONSUMER_LEASE = `
local function lease_of(consumer) return string.match(consumer, '^anybroker%-.*%-(%d+)$') end`;
