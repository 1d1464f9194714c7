import { randomUUID } from "node:crypto";
import type { TextOrBytes } from "../wire.ts";
import { CLOCK } from "./lua/clock.ts";
import { pack } from "./pack.ts";
import { type ScriptRunner, script } from "./script.ts";

/**
 * KEYS: pairs of a stream and its delayed set. ARGV: the fields of all messages, packed; their runs, packed (see
 * {@link MessageList}); a nonce that makes the members of the sets unique.
 *
 * The script takes the fields off their argument one message at a time: as one table they cost the server more. It ends
 * at the first refusal, so that no later message of the same key can pass the refused one. Returns nothing if all were
 * accepted, else how many were, and the error; no error means that the stream is missing.
 */
const ADD_MESSAGES = script(
  CLOCK,
  `
local unpack = cmsgpack.unpack_limit
local function add(stream, at, ...) return at, redis.pcall('XADD', stream, '*', ...) end
local function delay(delayed, due, member, at, ...)
  return at, redis.pcall('ZADD', delayed, due, cmsgpack.pack({ member, ... }))
end
local run, at, done = 0, 0, 0
while run >= 0 do
  local pair, wait, count, times, added
  run, pair, wait, count, times = unpack(ARGV[2], 4, run)
  local stream, delayed, due = KEYS[pair * 2 - 1], KEYS[pair * 2], wait > 0 and math.ceil(clock()) + wait
  if redis.call('EXISTS', stream) == 0 then return { done } end
  for _ = 1, times do
    if due then at, added = delay(delayed, due, ARGV[3] .. done, unpack(ARGV[1], count, at))
    else at, added = add(stream, unpack(ARGV[1], count, at)) end
    if type(added) == 'table' and added.err then
      if string.sub(added.err, 1, 8) == 'READONLY' then return added end
      return { done, added.err }
    end
    done = done + 1
  end
end
return {}`,
);

/** A stream to add messages to, and its delayed set. */
export interface AddTarget {
  readonly stream: string;
  readonly delayed: string;
}

/** The streams that messages are added to. */
export type AddTargets = readonly [AddTarget, ...AddTarget[]];

/** How many messages were accepted before the first one that was not. */
export interface Refusal {
  readonly accepted: number;
  /** The server's error; undefined if the stream is missing. */
  readonly error: Error | undefined;
}

/** Messages to add, in their order. */
export class MessageList {
  /** The names and values of the fields of all messages. Push those of one message, then call `endMessage`. */
  readonly fields: TextOrBytes[] = [];
  /** Four numbers for each run of messages alike: target (from 1), delay, number of names and values, messages. */
  readonly runs: number[] = [];
  /** Whether any of the messages is delayed. */
  delayed = false;
  #start = 0;

  /** The fields since the last call are one message for this target, delayed by so many ms. Targets count from 0. */
  endMessage(target: number, delay: number): void {
    const { fields, runs } = this;
    const count = fields.length - this.#start;
    this.#start = fields.length;
    if (delay > 0) this.delayed = true;
    const last = runs.length - 4;
    if (runs[last] === target + 1 && runs[last + 1] === delay && runs[last + 2] === count) {
      runs[last + 3] = (runs[last + 3] ?? 0) + 1;
    } else {
      runs.push(target + 1, delay, count, 1);
    }
  }
}

/** Adds messages to streams that exist, or to their delayed sets. Resolves with undefined if all were accepted. */
export async function addMessages(
  runner: ScriptRunner,
  targets: AddTargets,
  { fields, runs }: MessageList,
): Promise<Refusal | undefined> {
  const keys = targets.flatMap(({ stream, delayed }) => [stream, delayed]);
  // The cast is true: the script returns this.
  const reply = (await runner.run(ADD_MESSAGES, keys, [pack(fields), pack(runs), randomUUID()])) as [number?, Buffer?];
  const [accepted, reason] = reply;
  if (accepted === undefined) return undefined;
  // As ioredis makes it, since it is the server's own error.
  const error = reason && Object.assign(new Error(String(reason)), { name: "ReplyError" });
  return { accepted, error };
}
