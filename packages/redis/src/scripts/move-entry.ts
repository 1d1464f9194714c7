import type { TextOrBytes } from "../wire.ts";
import { ACKNOWLEDGE, type Cleanup } from "./lua/acknowledge.ts";
import { ALLOW_OOM } from "./lua/allow-oom.ts";
import { CLOCK } from "./lua/clock.ts";
import { pack } from "./pack.ts";
import { type ScriptRunner, script } from "./script.ts";

const MOVED = 1;
const NOT_HELD = 0;
const NO_TARGET = -1;

/**
 * KEYS: stream, target. ARGV: group, consumer, id, cleanup, kind of the target, delay, the fields of the copy, packed.
 * Returns one of the constants above.
 */
const MOVE_ENTRY = script(
  ALLOW_OOM,
  CLOCK,
  ACKNOWLEDGE,
  `
local group, me, id, kind = ARGV[1], ARGV[2], ARGV[3], ARGV[5]
if #redis.call('XPENDING', KEYS[1], group, id, id, 1, me) == 0 then return ${NOT_HELD} end
if kind == 'delayed' then
  redis.call('ZADD', KEYS[2], math.ceil(clock()) + ARGV[6], cmsgpack.pack({ id .. me, cmsgpack.unpack(ARGV[7]) }))
elseif kind == 'newStream' then redis.call('XADD', KEYS[2], '*', cmsgpack.unpack(ARGV[7]))
elseif not redis.call('XADD', KEYS[2], 'NOMKSTREAM', '*', cmsgpack.unpack(ARGV[7])) then return ${NO_TARGET} end
acknowledge(KEYS[1], group, ARGV[4], { id }, 1, 1)
return ${MOVED}`,
);

/** Where a copy goes: a stream that must exist, a stream that is created if it is missing, or a delayed set. */
export type TargetKind = "stream" | "newStream" | "delayed";

/** A copy that replaces an entry. */
export interface MoveRequest {
  readonly stream: string;
  readonly group: string;
  readonly consumer: string;
  readonly id: string;
  readonly cleanup: Cleanup;
  readonly target: string;
  readonly targetKind: TargetKind;
  /** How long the copy waits in a delayed set, in ms. */
  readonly delay: number;
  readonly fields: readonly TextOrBytes[];
}

/** Adds a copy to the target and acks the original, in one step, unless the consumer no longer holds the original. */
export async function moveEntry(
  runner: ScriptRunner,
  request: MoveRequest,
): Promise<"moved" | "not held" | "no target"> {
  const { stream, group, consumer, id, cleanup, target, targetKind, delay, fields } = request;
  const args = [group, consumer, id, cleanup, targetKind, delay, pack(fields)];
  const reply = await runner.run(MOVE_ENTRY, [stream, target], args);
  if (reply === NOT_HELD) return "not held";
  return reply === NO_TARGET ? "no target" : "moved";
}
