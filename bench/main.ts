import { mkdir, writeFile } from "node:fs/promises";
import { benchmarkOf } from "./benchmarks.ts";
import type { BenchOptions } from "./options.ts";
import { optionsOf, usage } from "./options.ts";
import { type BenchReport, load, reportOf } from "./report.ts";
import { runRounds } from "./rounds.ts";
import { headline, tableOf } from "./table.ts";

const results = new URL("./results/", import.meta.url);

function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\u001b[K${text}`);
}

async function measure(options: BenchOptions): Promise<BenchReport> {
  const benchmark = await benchmarkOf(options.backend);
  const loadBefore = load();
  const server = await benchmark.start();
  try {
    return reportOf(options, benchmark, server, loadBefore, await runRounds(benchmark, server, options, progress));
  } finally {
    progress("");
    await server.stop();
  }
}

async function keep(report: BenchReport): Promise<void> {
  await mkdir(results, { recursive: true });
  await writeFile(new URL(`${report.backend}.json`, results), `${JSON.stringify(report, null, 2)}\n`);
  console.log(`\nKept in bench/results/${report.backend}.json.`);
}

try {
  const options = await optionsOf(process.argv.slice(2), benchmarkOf);
  const report = await measure(options);
  console.log(`${headline(report)}\n\n${tableOf(report)}`);
  if (options.full) await keep(report);
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.error(`${error.message}\n\n${usage}`);
  process.exitCode = 2;
}
