import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Capabilities } from "@anybroker/core";

/** What became of a case. A `deviation` failed, as the backend says it does. */
export type CaseStatus = "passed" | "failed" | "not-applicable" | "deviation";

/** One case in a report. */
export interface CaseReport {
  readonly id: string;
  readonly name: string;
  readonly status: CaseStatus;
  /** How long it took, in milliseconds. */
  readonly ms: number;
  /** Why it has not simply passed. */
  readonly reason: string | undefined;
}

/** One run of the suite. */
export interface Report {
  readonly backend: string;
  readonly server: { readonly product: string; readonly version: string } | undefined;
  /** In ISO 8601. */
  readonly startedAt: string;
  readonly capabilities: Capabilities | undefined;
  /** In the order in which they ended. */
  readonly cases: readonly CaseReport[];
}

/** How many cases ended in each way. */
export function tally(report: Report): Readonly<Record<CaseStatus, number>> {
  const counts: Record<CaseStatus, number> = { passed: 0, failed: 0, "not-applicable": 0, deviation: 0 };
  for (const { status } of report.cases) counts[status] += 1;
  return counts;
}

/** Writes the report as JSON; makes the folder where it is missing. */
export async function writeReport(report: Report, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`);
}
