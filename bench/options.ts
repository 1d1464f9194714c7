import { parseArgs } from "node:util";
import { backendNames } from "./backends.ts";
import { type Backend, type ContenderName, contenderNames } from "./contender.ts";
import { lineOf, lines } from "./lines/index.ts";
import type { Line } from "./lines/line.ts";

const fullMessages = 30_000;

/** What a run of the bench was asked to do. */
export interface BenchOptions {
  readonly backend: string;
  readonly rounds: number;
  readonly lines: readonly Line[];
  readonly contenders: readonly ContenderName[];
  /** By which the number of messages of every line is multiplied. */
  readonly scale: number;
  /** Where each process writes a processor profile. */
  readonly profile: string | undefined;
  /** How long the server rests between two runs, in milliseconds. */
  readonly pause: number;
  /** Nothing was left out, so that the results may be kept. */
  readonly full: boolean;
}

export const usage = `npm run bench -- <${backendNames.join("|")}> [options]
  --rounds <n>            how often each line runs; medians are printed (7)
  --lines <a,b>           ${lines.map((line) => line.name).join(", ")} (all)
  --messages <n>          messages of the concurrent lines; the others follow in proportion (${fullMessages})
  --contenders <a,b>      ${contenderNames.join(", ")} (all)
  --profile <folder>      write a processor profile of each process there`;

const positive = (name: string, text: string): number => {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new TypeError(`--${name} is a whole number from 1, not "${text}"`);
  return value;
};

function contendersOf(backend: Backend, text: string | undefined): readonly ContenderName[] {
  const there = contenderNames.filter((name) => backend.contenders[name] !== undefined);
  if (text === undefined) return there;
  const asked = text.split(",");
  const unknown = asked.find((name) => !there.some((each) => each === name));
  if (unknown !== undefined) throw new TypeError(`no contender "${unknown}": ${there.join(", ")}`);
  return there.filter((name) => asked.includes(name));
}

/** Reads the command line. Throws a `TypeError` that says what is wrong with it. */
export async function optionsOf(
  args: readonly string[],
  load: (backend: string) => Promise<Backend>,
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
  const [name, ...rest] = positionals;
  if (name === undefined || rest.length > 0) throw new TypeError("name one backend");
  const backend = await load(name);
  const rounds = positive("rounds", values.rounds);
  const messages = positive("messages", values.messages);
  return {
    backend: name,
    rounds,
    lines: values.lines === undefined ? lines : values.lines.split(",").map(lineOf),
    contenders: contendersOf(backend, values.contenders),
    scale: messages / fullMessages,
    profile: values.profile,
    pause: backend.client === undefined ? 0 : 250,
    full: rounds >= 7 && messages >= fullMessages && !values.lines && !values.contenders && !values.profile,
  };
}
