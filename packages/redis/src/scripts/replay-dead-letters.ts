import type { TextOrBytes } from "../wire.ts";
import { ALLOW_OOM } from "./lua/allow-oom.ts";
import { pack } from "./pack.ts";
import { type ScriptRunner, script } from "./script.ts";

/**
 * KEYS: dead letters, streams. ARGV: the letters, packed: for each its id, the index of the key of its stream, how many
 * names and values, and those. Returns how many there were, and -1 if a stream is missing.
 */
const REPLAY_DEAD_LETTERS = script(
  ALLOW_OOM,
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

/** A dead letter, the stream that it goes back to, and the fields of its copy. */
export interface ReplayedLetter {
  readonly id: string;
  readonly stream: string;
  readonly fields: readonly TextOrBytes[];
}

/**
 * Moves copies of dead letters to their streams. Letters that are no longer there are passed over. Resolves with how
 * many were moved, and with undefined if a stream is missing.
 */
export async function replayDeadLetters(
  runner: ScriptRunner,
  deadLetters: string,
  letters: readonly ReplayedLetter[],
): Promise<number | undefined> {
  const keys = [...new Set([deadLetters, ...letters.map(({ stream }) => stream)])];
  const packed = letters.flatMap(({ id, stream, fields }) => [id, keys.indexOf(stream) + 1, fields.length, ...fields]);
  const moved = Number(await runner.run(REPLAY_DEAD_LETTERS, keys, [pack(packed)]));
  return moved < 0 ? undefined : moved;
}
