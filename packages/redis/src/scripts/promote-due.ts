import { ALLOW_OOM } from "./lua/allow-oom.ts";
import { PROMOTE } from "./lua/promote.ts";
import { type ScriptRunner, script } from "./script.ts";

/** KEYS: stream, delayed set. Returns what `promote` does. */
const PROMOTE_DUE = script(ALLOW_OOM, PROMOTE, `return promote(KEYS[1], KEYS[2])`);

/** Moves due messages to their stream. Resolves with the ms until the next one is due, undefined if there is none. */
export async function promoteDue(
  runner: ScriptRunner,
  { stream, delayed }: { readonly stream: string; readonly delayed: string },
): Promise<number | undefined> {
  const next = Number(await runner.run(PROMOTE_DUE, [stream, delayed], []));
  return next >= 0 ? next : undefined;
}
