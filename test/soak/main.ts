// npm run test:soak: runs one backend for minutes under random faults, and checks everything that happened.
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { check } from "./checker/check.ts";
import { proofOf } from "./checker/proof.ts";
import { summarize } from "./checker/summary.ts";
import type { History } from "./history/event.ts";
import { readHistory } from "./history/folder.ts";
import { type CommandLine, optionsOf, usage } from "./options.ts";
import { reportOf } from "./report.ts";
import { soak } from "./soak.ts";

async function run(options: CommandLine): Promise<void> {
  const { backend, minutes, seed, rate, workers, calmness, killers, keep } = options;
  const folder = await mkdtemp(join(tmpdir(), `anybroker-soak-${backend}-`));
  console.log(`The journals are in ${folder}.`);
  const stop = new AbortController();
  process.once("SIGINT", () => stop.abort());
  const since = performance.now();
  const elapsed = (): string => `${((performance.now() - since) / 1_000).toFixed(0)} s`.padStart(6);
  const say = (line: string): void => console.log(`${elapsed()}  ${line}`);
  const title = `${backend}, seed ${seed}, ${minutes} minutes, ${workers} workers, ${rate} messages a second`;
  const same = `--minutes ${minutes} --seed ${seed} --rate ${rate} --workers ${workers} --calmness ${calmness}`;
  const history = await soak({
    ...{ backend, title, command: `npm run test:soak -- ${backend} ${same} --killers ${killers}` },
    ...{ seed, duration: minutes * 60_000, rate, workers, calmness, killerEvery: killers * 1_000, folder },
    ...{ signal: stop.signal, say },
  });
  const clean = judge(history);
  if (clean && !keep) await rm(folder, { recursive: true });
  else console.log(`The journals are in ${folder}.`);
}

/** Prints the report. Returns whether there are no findings, and the checker would have seen any. */
function judge(history: History): boolean {
  const findings = check(history);
  console.log(`\n${reportOf(history, summarize(history), findings)}`);
  if (findings.length > 0) {
    process.exitCode = 1;
    return false;
  }
  const { found, missed } = proofOf(history, history.setup.seed);
  console.log(`The checker: ${found.length} violations were put into this history and found, ${missed.length} missed.`);
  for (const title of missed) console.error(`missed: ${title}`);
  if (missed.length > 0) process.exitCode = 1;
  return missed.length === 0;
}

function commandLine(): CommandLine | undefined {
  try {
    return optionsOf(process.argv.slice(2));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    console.error(`${error.message}\n\n${usage}`);
    process.exitCode = 2;
    return undefined;
  }
}

const options = commandLine();
if (options?.check !== undefined) judge(readHistory(options.check));
else if (options !== undefined) await run(options);
