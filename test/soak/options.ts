import { parseArgs } from "node:util";
import { type SoakBackend, subjects } from "./subject.ts";

/** The command line. */
export interface CommandLine {
  readonly backend: SoakBackend;
  readonly minutes: number;
  readonly seed: number;
  readonly rate: number;
  readonly workers: number;
  readonly calmness: number;
  /** Seconds between two messages that kill their processes; 0 for none. */
  readonly killers: number;
  /** Whether to keep the folder of the journals in any case. */
  readonly keep: boolean;
  /** A folder of an earlier soak, to check it again instead of a new one. */
  readonly check: string | undefined;
}

const backends = Object.keys(subjects) as readonly SoakBackend[];

export const usage = `npm run test:soak -- <${backends.join("|")}> [options]
  --minutes <n>     how long there are faults (10)
  --seed <n>        repeats the messages and the faults of an earlier run (a new one)
  --rate <n>        messages a second (100)
  --workers <n>     consuming processes (3)
  --calmness <n>    a factor for the pauses between faults (1)
  --killers <n>     seconds between two messages that kill their processes, 0 for none (120)
  --keep            keep the folder of the journals even without findings
npm run test:soak -- --check <folder>
                    checks the journals of an earlier run again`;

/** Reads the command line. Throws a `TypeError` if it is invalid. */
export function optionsOf(args: readonly string[]): CommandLine {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      minutes: { type: "string", default: "10" },
      seed: { type: "string", default: String(Math.floor(Math.random() * 1_000_000)) },
      rate: { type: "string", default: "100" },
      workers: { type: "string", default: "3" },
      calmness: { type: "string", default: "1" },
      killers: { type: "string", default: "120" },
      keep: { type: "boolean", default: false },
      check: { type: "string" },
    },
  });
  const [name, ...more] = positionals;
  const backend = backends.find((one) => one === name) ?? (values.check === undefined ? undefined : "rabbitmq");
  if (backend === undefined || more.length > 0) throw new TypeError("name one backend");
  return {
    backend,
    minutes: number("minutes", values.minutes),
    seed: number("seed", values.seed),
    rate: number("rate", values.rate),
    workers: number("workers", values.workers),
    calmness: number("calmness", values.calmness),
    killers: number("killers", values.killers, 0),
    keep: values.keep,
    check: values.check,
  };
}

function number(name: string, text: string, least: number = Number.MIN_VALUE): number {
  const value = Number(text);
  if (!(value >= least))
    throw new TypeError(`--${name} must be a number ${least === 0 ? "from" : "above"} 0, not "${text}"`);
  return value;
}
