import { createHash } from "node:crypto";

/** A Lua script. The server runs it in one step: all of it, and nothing else meanwhile. */
export interface Script {
  readonly source: string;
  /** The SHA-1 of the source, by which the server knows a script that it has run before. */
  readonly sha: string;
}

/** An argument of a command or of a script. */
export type Argument = string | number | Buffer;

/** Runs scripts on a server. */
export interface ScriptRunner {
  /** Text in the reply comes as buffers. */
  run(script: Script, keys: readonly string[], args: readonly Argument[]): Promise<unknown>;
}

/** Makes a script of snippets and its own body. */
export function script(...sources: readonly string[]): Script {
  const source = sources.join("\n");
  return { source, sha: createHash("sha1").update(source).digest("hex") };
}
