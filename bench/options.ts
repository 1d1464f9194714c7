import { parseArgs } from "node:util";
import { backendNames } from "./benchmarks.ts";
import { type Benchmark, type ContenderName, contenderNames } from "./contender.ts";
import { lineOf, lines } from "./lines/index.ts";
import type { Line } from "./lines/line.ts";

const fullMessages = 30_000;

/** The options of a run, from the command line. */
export interface BenchOptions {
  readonly backend: string;
  readonly rounds: number;
  readonly lines: readonly Line[];
  readonly contenders: readonly ContenderName[];
  /** A factor for the number of messages of every line. */
  readonly scale: number;
  /** The folder to which each process writes a processor profile. */
  readonly profile: string | undefined;
  /** How long the server rests between two runs, in ms. */
  readonly pause: number;
  /** Whether nothing was left out, so that the results can be kept. */
  readonly full: boolean;
}

export const usage = `npm run bench -- <${backendNames.join("|")}> [options]
  --rounds <n>            how often each line runs; the medians are printed (7)
  --lines <a,b>           ${lines.map((line) => line.name).join(", ")} (all)
  --messages <n>          messages of the concurrent lines; the other lines follow in proportion (${fullMessages})
  --contenders <a,b>      ${contenderNames.join(", ")} (all)
  --profile <folder>      write a processor profile of each process to this folder`;

const positive = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1)
    throw new TypeError(`--${name} must be a whole number from 1, not "${text}"`);
  return value;
};

function contendersOf(benchmark: Benchmark, text: string | undefined): readonly ContenderName[] {
  const known = contenderNames.filter((name) => benchmark.contenders[name] !== undefined);
  if (text === undefined) return known;
  const wanted = text.split(",");
  const unknown = wanted.find((name) => !known.some((each) => each === name));
  if (unknown !== undefined) throw new TypeError(`no contender "${unknown}"; known contenders: ${known.join(", ")}`);
  return known.filter((name) => wanted.includes(name));
}

/** Reads the command line. Throws a `TypeError` if it is invalid. */
export async function optionsOf(
  args: readonly string[],
  load: (backend: string) => Promise<Benchmark>,
): Promise<BenchOptions> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      rounds: { type: "string", default: "7" },
      lines: { type: "string" },
      messages: { type: "string", default: String(fullMessages) },
      contenders: { type: "string" },
      profile: { type: "string" },
    },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new TypeError("name one backend");
  const benchmark = await load(name);
  const rounds = positive("rounds", values.rounds);
  const messages = positive("messages", values.messages);
  return {
    backend: name,
    rounds,
    lines: values.lines === undefined ? lines : values.lines.split(",").map(lineOf),
    contenders: contendersOf(benchmark, values.contenders),
    scale: messages / fullMessages,
    profile: values.profile,
    pause: benchmark.client === undefined ? 0 : 250,
    full: rounds >= 7 && messages >= fullMessages && !values.lines && !values.contenders && !values.profile,
  };
}
