import { existsSync } from "node:fs";
import { join } from "node:path";
import type { BenchReport } from "@anybroker/bench/report.ts";
import { ROOT, read } from "../repository.ts";
import { table } from "./table.ts";

/** The table of the kept bench results, as ratios to the bare client. */
export function speedTable(): string {
  const reports = ["rabbitmq", "redis", "kafka"]
    .map((name) => `bench/results/${name}.json`)
    .filter((path) => existsSync(join(ROOT, path)))
    // The cast is true: the bench writes these files.
    .map((path) => JSON.parse(read(path)) as BenchReport);
  const rows = (reports[0]?.rows ?? []).filter(({ ofPlain, unit }) => ofPlain !== undefined && unit !== "µs");
  return table(
    ["ours of plain / of expert", ...reports.map(heading)],
    rows.map(({ title, unit }) => [
      `${title}${unit === "ms" ? " (less is better)" : ""}`,
      ...reports.map((report) => ratios(report, title)),
    ]),
  );
}

function heading({ server, client, rounds }: BenchReport): string {
  return `${server}, ${client}, ${rounds} rounds`;
}

function ratios(report: BenchReport, title: string): string {
  const { ofPlain, ofExpert } = report.rows.find((row) => row.title === title) ?? {};
  return [ofPlain, ofExpert].map((ratio) => ratio?.toFixed(2) ?? "").join(" / ");
}
