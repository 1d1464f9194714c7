import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { ContenderName } from "./contender.ts";
import type { Figures } from "./lines/line.ts";

/** One run of one line by one contender. */
export interface Job {
  readonly backend: string;
  readonly contender: ContenderName;
  readonly line: string;
  readonly url: string;
  readonly queue: string;
  readonly scale: number;
}

const child = fileURLToPath(new URL("./child.ts", import.meta.url));

/** Runs a job in its own process, so that no contender runs on code that another one has optimised or deoptimised. */
export async function runJob(job: Job, profile: string | undefined, script: string = child): Promise<Figures> {
  const profiling = profile === undefined ? [] : ["--cpu-prof", `--cpu-prof-dir=${profile}`];
  const running = fork(script, [JSON.stringify(job)], { execArgv: [...process.execArgv, ...profiling] });
  let figures: Figures | undefined;
  // The cast is true: the child sends one message, its figures.
  running.on("message", (message) => {
    figures = message as Figures;
  });
  const [code, signal] = await once(running, "exit");
  if (figures === undefined || code !== 0) {
    throw new Error(`${job.contender} failed in line ${job.line} (exit ${String(code ?? signal)})`);
  }
  return figures;
}
