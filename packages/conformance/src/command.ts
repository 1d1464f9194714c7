import { parseArgs } from "node:util";
import { BrokerError, connect } from "@anybroker/core";
import { findAdapter } from "./find-adapter.ts";
import { type CaseResult, countByStatus, writeReport } from "./report.ts";
import { reportAsText } from "./report-text.ts";
import { runConformance } from "./run.ts";
import type { Subject } from "./subject.ts";

const USAGE = `Usage: anybroker-conformance <url> [options]

Runs the conformance suite against the broker at the URL. The suite creates queues and topics with names of its own
(case-…, queue-…, topic-…), and deletes them where the adapter can. Use a broker, a virtual host or a project for tests.

  --only <text>        run only cases whose id or sentence contains the text
  --patience <ms>      how long a case waits for what should happen at once (10000)
  --lease <ms>         the shortest lease to ask for, where each message has its own lease; without this option
                       the cases about leases do not run
  --concurrency <n>    how many cases run at once (16)
  --report <file>      write a report in JSON
  --help

Exit code: 0 if every case passed or does not apply, 1 if some failed, 2 if the suite could not run.
`;

const OPTIONS = {
  only: { type: "string" },
  patience: { type: "string" },
  lease: { type: "string" },
  concurrency: { type: "string" },
  report: { type: "string" },
  help: { type: "boolean" },
} as const;

/** A stream that the command writes to. */
export interface Output {
  write(text: string): void;
}

/** The command `anybroker-conformance`. Returns its exit code. */
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
    const subject = await subjectAt(url, number("patience", values.patience), number("lease", values.lease));
    const concurrency = number("concurrency", values.concurrency);
    const unhandled: unknown[] = [];
    const onUnhandled = (error: unknown): void => void unhandled.push(error);
    process.on("unhandledRejection", onUnhandled);
    const report = await runConformance(subject, {
      concurrency,
      only: ({ id, name }) => id.includes(only) || name.includes(only),
      onCase: (result) => printFailure(result, out),
    });
    process.off("unhandledRejection", onUnhandled);
    out.write(reportAsText(report));
    for (const error of unhandled) out.write(`Unhandled rejection: ${String(error)}\n`);
    if (path !== undefined) await writeReport(report, path);
    return countByStatus(report).failed + unhandled.length > 0 ? 1 : 0;
  } catch (error) {
    if (!(error instanceof BrokerError) && !(error instanceof TypeError)) throw error;
    err.write(`${error.message}\n`);
    return 2;
  }
}

/** The subject for a URL. Rejects if the broker cannot be reached. */
async function subjectAt(url: string, patience: number | undefined, lease: number | undefined): Promise<Subject> {
  const adapter = await findAdapter(url);
  const driver = adapter.driver({ url });
  const broker = await connect(driver);
  await broker.close();
  return { name: driver.address, driver: () => adapter.driver({ url }), patience, lease };
}

function number(option: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new TypeError(`--${option} must be a whole number above 0, not ${JSON.stringify(text)}`);
}

function printFailure({ id, status, reason }: CaseResult, out: Output): void {
  if (status === "failed") out.write(`✗ ${id}: ${reason ?? ""}\n`);
}
