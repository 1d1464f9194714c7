import { parseArgs } from "node:util";
import { BrokerError, connect } from "@anybroker/core";
import { adapterOf } from "./adapter.ts";
import type { Backend } from "./backend.ts";
import { type CaseReport, tally, writeReport } from "./report.ts";
import { runConformance } from "./run.ts";
import { reportAsText } from "./text.ts";

const USAGE = `Usage: anybroker-conformance <url> [options]

Runs the conformance suite against the broker at the URL. The suite makes queues and topics with names of its own
(case-…, queue-…, topic-…); from a URL it cannot delete them, so use a broker, a virtual host or a project for tests.

  --only <text>        runs only cases whose id or sentence contains the text
  --patience <ms>      how long a case waits for what should happen at once (10000)
  --lease <ms>         the shortest lease to ask for, where each message has one of its own; without it
                       the cases about leases do not run
  --concurrency <n>    how many cases run side by side (16)
  --report <file>      writes a report in JSON
  --help

Exit code: 0 every case passed or does not apply, 1 some failed, 2 the suite could not run.
`;

const OPTIONS = {
  only: { type: "string" },
  patience: { type: "string" },
  lease: { type: "string" },
  concurrency: { type: "string" },
  report: { type: "string" },
  help: { type: "boolean" },
} as const;

/** Where the command writes. */
export interface Output {
  write(text: string): void;
}

/** The command `anybroker-conformance`: answers its exit code. */
export async function main(
  args: readonly string[],
  out: Output = process.stdout,
  err: Output = process.stderr,
): Promise<number> {
  try {
    const { values, positionals } = parseArgs({ args: [...args], options: OPTIONS, allowPositionals: true });
    const [url, ...more] = positionals;
    if (values.help === true || url === undefined || more.length > 0) {
      (values.help === true ? out : err).write(USAGE);
      return values.help === true ? 0 : 2;
    }
    const { only = "", report: path } = values;
    const backend = await backendOf(url, number("patience", values.patience), number("lease", values.lease));
    const concurrency = number("concurrency", values.concurrency);
    const stray: unknown[] = [];
    const note = (error: unknown): void => void stray.push(error);
    process.on("unhandledRejection", note);
    const report = await runConformance(backend, {
      ...(concurrency === undefined ? {} : { concurrency }),
      only: ({ id, name }) => id.includes(only) || name.includes(only),
      onCase: (result) => failure(result, out),
    });
    process.off("unhandledRejection", note);
    out.write(reportAsText(report));
    for (const error of stray) out.write(`A rejection that nobody handled: ${String(error)}\n`);
    if (path !== undefined) await writeReport(report, path);
    return tally(report).failed + stray.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof BrokerError) && !(error instanceof TypeError)) throw error;
    err.write(`${error.message}\n`);
    return 2;
  }
}

/** The backend at a URL, once it has been reached. */
async function backendOf(url: string, patience: number | undefined, lease: number | undefined): Promise<Backend> {
  const adapter = await adapterOf(url);
  const driver = adapter.driver({ url });
  const broker = await connect(driver);
  await broker.close();
  return {
    name: driver.address,
    driver: () => adapter.driver({ url }),
    ...(patience === undefined ? {} : { patience }),
    ...(lease === undefined ? {} : { lease }),
  };
}

function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(`--${option} must be a whole number above 0, not ${JSON.stringify(text)}`);
}

function failure({ id, status, reason }: CaseReport, out: Output): void {
  if (status === "failed") out.write(`✗ ${id}: ${reason ?? ""}\n`);
}
