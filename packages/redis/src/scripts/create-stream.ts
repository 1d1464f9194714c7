import { type ScriptRunner, script } from "./script.ts";

/** KEYS: stream, for a topic also retention. ARGV: retention in ms. Returns the retention that the topic has now. */
const CREATE_STREAM = script(`
if redis.call('EXISTS', KEYS[1]) == 0 then
  redis.call('XDEL', KEYS[1], redis.call('XADD', KEYS[1], '*', 'd', ''))
  if KEYS[2] then redis.call('SET', KEYS[2], ARGV[1]) end
elseif redis.call('TYPE', KEYS[1]).ok ~= 'stream' then
  return redis.error_reply('WRONGTYPE ' .. KEYS[1] .. ' is not a stream')
end
return KEYS[2] and redis.call('GET', KEYS[2]) or '0'`);

/** Creates an empty stream unless it exists. */
export async function createStream(runner: ScriptRunner, stream: string): Promise<void> {
  await runner.run(CREATE_STREAM, [stream], []);
}

/** Creates the stream of a topic unless it exists. Resolves with the retention of the topic, in ms. */
export async function createTopic(
  runner: ScriptRunner,
  { stream, retention, ms }: { readonly stream: string; readonly retention: string; readonly ms: number },
): Promise<number> {
  return Number((await runner.run(CREATE_STREAM, [stream, retention], [ms])) ?? 0);
}
