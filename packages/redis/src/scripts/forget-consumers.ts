import { CONSUMER_LEASE } from "./lua/consumer-lease.ts";
import { TO_MAP } from "./lua/to-map.ts";
import { type ScriptRunner, script } from "./script.ts";

/** KEYS: stream. ARGV: group, consumer. */
const FORGET_CONSUMERS = script(
  TO_MAP,
  CONSUMER_LEASE,
  `
for _, flat in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
  local c = to_map(flat)
  local lease = lease_of(c.name)
  if c.pending == 0 and (c.name == ARGV[2] or (lease and c.idle > lease * 10)) then
    redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], c.name)
  end
end
return 0`,
);

/**
 * Deletes consumers of a group that hold nothing: the one named, and those of anybroker that have been idle for ten
 * leases.
 */
export async function forgetConsumers(
  runner: ScriptRunner,
  { stream, group, consumer }: { readonly stream: string; readonly group: string; readonly consumer: string },
): Promise<void> {
  await runner.run(FORGET_CONSUMERS, [stream], [group, consumer]);
}
