import { cpus, loadavg } from "node:os";
import { type Benchmark, type ContenderName, contenderNames, type Server } from "./contender.ts";
import type { Figure } from "./lines/line.ts";
import type { BenchOptions } from "./options.ts";
import type { LineResult } from "./rounds.ts";

/** One row of the table. */
export interface Row {
  readonly line: string;
  readonly title: string;
  readonly unit: Figure["unit"];
  readonly medians: Readonly<Partial<Record<ContenderName, number>>>;
  readonly rounds: Readonly<Partial<Record<ContenderName, readonly number[]>>>;
  /** Ours divided by the baseline: the median of the ratios of each round, because only runs of one round compare. */
  readonly ofPlain: number | undefined;
  readonly ofExpert: number | undefined;
  readonly ofCeiling?: number;
  /** The requirement on ours, and whether it is met; undefined where there is none. */
  readonly asked: string | undefined;
  readonly met: boolean | undefined;
}

/** The results of a run, as they are kept. */
export interface BenchReport {
  readonly backend: string;
  readonly server: string;
  readonly client: string | undefined;
  readonly node: string;
  readonly cores: string;
  readonly date: string;
  readonly rounds: number;
  readonly scale: number;
  /** The load average of the minute before the run. Above 0.5 the machine was busy. */
  readonly loadBefore: number;
  readonly rows: readonly Row[];
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  const high = sorted[Math.floor(middle)] ?? Number.NaN;
  return sorted.length % 2 === 1 ? high : ((sorted[middle - 1] ?? Number.NaN) + high) / 2;
}

const round = (value: number): number => Number(value.toPrecision(4));

/** Compares ours with a baseline, round by round, and returns the median. */
function paired(
  ours: readonly number[] | undefined,
  base: readonly number[] | undefined,
  compare: (ours: number, base: number) => number,
): number | undefined {
  if (ours === undefined || base === undefined) return undefined;
  return round(median(ours.map((value, index) => compare(value, base[index] ?? Number.NaN))));
}

/** The requirements of a figure as text, and whether each is met. */
function requirements(
  figure: Figure,
  rounds: Row["rounds"],
  { ofPlain, ofExpert }: Pick<Row, "ofPlain" | "ofExpert">,
): { text: string; met: boolean }[] {
  const { floor, above, most, better, unit } = figure;
  const required: { text: string; met: boolean }[] = [];
  const addRatio = (least: number | undefined, found: number | undefined, name: string): void => {
    if (least === undefined || found === undefined) return;
    const text = `${better === "more" ? "≥" : "≤"} ${least.toFixed(2)} ${name}`;
    required.push({ text, met: better === "more" ? found >= least : found <= least });
  };
  addRatio(floor?.plain, ofPlain, "plain");
  addRatio(floor?.expert, ofExpert, "expert");
  const difference = paired(rounds.ours, rounds.plain, (ours, base) => ours - base);
  if (above !== undefined && difference !== undefined)
    required.push({ text: `≤ plain + ${above} ${unit}`, met: difference <= above });
  const { ours } = rounds;
  if (most !== undefined && ours !== undefined) required.push({ text: `≤ ${most} ${unit}`, met: median(ours) <= most });
  return required;
}

function rowOf({ line, runs }: LineResult, figure: Figure): Row {
  const rounds: Partial<Record<ContenderName, readonly number[]>> = {};
  const medians: Partial<Record<ContenderName, number>> = {};
  for (const name of contenderNames) {
    const values = runs.get(name)?.map((figures) => round(figures[figure.name] ?? Number.NaN));
    if (values === undefined) continue;
    rounds[name] = values;
    medians[name] = round(median(values));
  }
  const ratio = (ours: number, base: number): number => ours / base;
  const ofPlain = paired(rounds.ours, rounds.plain, ratio);
  const ofExpert = paired(rounds.ours, rounds.expert, ratio);
  const ofCeiling = paired(rounds.ours, rounds.ceiling, ratio);
  const required = requirements(figure, rounds, { ofPlain, ofExpert });
  return {
    line: line.name,
    title: figure.title,
    unit: figure.unit,
    medians,
    rounds,
    ofPlain,
    ofExpert,
    ...(ofCeiling === undefined ? {} : { ofCeiling }),
    asked: required.length === 0 ? undefined : required.map(({ text }) => text).join(", "),
    met: required.length === 0 ? undefined : required.every(({ met }) => met),
  };
}

/** Computes medians and ratios from the results of the rounds. */
export function reportOf(
  options: BenchOptions,
  benchmark: Benchmark,
  server: Server,
  loadBefore: number,
  results: readonly LineResult[],
): BenchReport {
  const cores = cpus();
  return {
    backend: options.backend,
    server: server.version,
    client: benchmark.client,
    node: process.version,
    cores: `${cores.length} × ${cores[0]?.model.trim() ?? "unknown"}`,
    date: new Date().toISOString(),
    rounds: options.rounds,
    scale: options.scale,
    loadBefore: round(loadBefore),
    rows: results.flatMap((result) =>
      result.line.figures.map((figure) =>
        rowOf(result, { ...figure, ...benchmark.asked?.[`${result.line.name}.${figure.name}`] }),
      ),
    ),
  };
}

/** The load average of the last minute. */
export function load(): number {
  return loadavg()[0] ?? 0;
}
