import { setTimeout as sleep } from "node:timers/promises";
import type { Benchmark, ContenderName, Server } from "./contender.ts";
import { runJob } from "./job.ts";
import type { Figures, Line } from "./lines/line.ts";
import type { BenchOptions } from "./options.ts";

/** The results of all runs of a line: the figures of each round, by contender. */
export interface LineResult {
  readonly line: Line;
  readonly runs: ReadonlyMap<ContenderName, readonly Figures[]>;
}

/** Runs every line in every round. The contenders take turns to go first: ABC, BCA, CAB. */
export async function runRounds(
  benchmark: Benchmark,
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
        const figures = await runOnce(benchmark, server, options, line, contender);
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
  benchmark: Benchmark,
  server: Server,
  options: BenchOptions,
  line: Line,
  contender: ContenderName,
): Promise<Figures> {
  const queue = `bench-${crypto.randomUUID()}`;
  const job = { backend: options.backend, contender, line: line.name, url: server.url, queue, scale: options.scale };
  const figures = await runJob(job, options.profile);
  await benchmark.clean(server.url, queue, line.empties);
  // The server still works after a queue is deleted. That work must not slow down the next contender.
  await sleep(options.pause);
  return figures;
}
