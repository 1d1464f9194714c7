import { type ScriptRunner, script } from "./script.ts";

/** KEYS: stream. ARGV: group, start, consumer. */
const CREATE_EPHEMERAL_GROUP = script(`
redis.call('XGROUP', 'CREATE', KEYS[1], ARGV[1], ARGV[2])
return redis.call('XGROUP', 'CREATECONSUMER', KEYS[1], ARGV[1], ARGV[3])`);

/** A group with its only consumer. */
export interface EphemeralGroup {
  readonly stream: string;
  readonly group: string;
  /** The id after which it begins to read. */
  readonly start: string;
  readonly consumer: string;
}

/** Creates a group and its consumer in one step: a group without a consumer would never be removed. */
export async function createEphemeralGroup(runner: ScriptRunner, request: EphemeralGroup): Promise<void> {
  const { stream, group, start, consumer } = request;
  await runner.run(CREATE_EPHEMERAL_GROUP, [stream], [group, start, consumer]);
}
