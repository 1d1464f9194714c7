import { ALLOW_OOM } from "./lua/allow-oom.ts";
import { type ScriptRunner, script } from "./script.ts";

/** KEYS: a hash. ARGV: field, value, for how many ms the hash is kept from now on. */
const KEEP_NOTE = script(
  ALLOW_OOM,
  `
redis.call('HSET', KEYS[1], ARGV[1], ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[3])`,
);

/** A field of a hash that expires as a whole. */
export interface Note {
  readonly hash: string;
  readonly field: string;
  readonly value: string;
  /** For how long the hash is kept from now on, in ms. */
  readonly keptFor: number;
}

/** Sets a field of a hash, also when the server's memory is full. */
export async function keepNote(runner: ScriptRunner, { hash, field, value, keptFor }: Note): Promise<void> {
  await runner.run(KEEP_NOTE, [hash], [field, value, keptFor]);
}
