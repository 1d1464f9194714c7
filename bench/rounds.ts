import { setTimeout as sleep } from "node:timers/promises";
import type { Backend, ContenderName, Server } from "./contender.ts";
import { runJob } from "./job.ts";
import type { Figures, Line } from "./lines/line.ts";
import type { BenchOptions } from "./options.ts";

/** What all runs of a line found: for each contender the figures of each round. */
export interface LineResult {
  readonly line: Line;
  readonly runs: ReadonlyMap<ContenderName, readonly Figures[]>;
}

/** Runs every line in every round. The contenders take turns at going first: ABC, BCA, CAB. */
export async function runRounds(
  backend: Backend,
  server: Server,
  options: BenchOptions,
  progress: (text: string) => void,
): Promise<readonly LineResult[]> {
  const results = options.lines.map((line) => ({ line, runs: new Map<ContenderName, Figures[]>() }));
  for (let round = 0; round < options.rounds; round += 1) {
    for (const { line, runs } of results) {
      if (line.once === true && round > 0) continue;
      for (const contender of order(line, options.contenders, round)) {
        progress(`round ${round + 1} of ${options.rounds}: ${line.name}, ${contender}`);
        const figures = await runOnce(backend, server, options, line, contender);
        runs.set(contender, [...(runs.get(contender) ?? []), figures]);
      }
    }
  }
  return results;
}

function order(line: Line, contenders: readonly ContenderName[], round: number): readonly ContenderName[] {
  if (line.once === true) return contenders.filter((each) => each === "ours" || contenders.length === 1);
  const first = round % contenders.length;
  return [...contenders.slice(first), ...contenders.slice(0, first)];
}

async function runOnce(
  backend: Backend,
  server: Server,
  options: BenchOptions,
  line: Line,
  contender: ContenderName,
): Promise<Figures> {
  const queue = `bench-${crypto.randomUUID()}`;
  const job = { backend: options.backend, contender, line: line.name, url: server.url, queue, scale: options.scale };
  const figures = await runJob(job, options.profile);
  await backend.clean(server.url, queue, line.empties);
  // The server has work left after a queue is gone; it must not fall to the next contender.
  await sleep(options.pause);
  return figures;
}
