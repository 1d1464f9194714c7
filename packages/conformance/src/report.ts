import { mkdir, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Capabilities } from "@anybroker/core";

/** How a case ended. A `deviation` failed, and the subject's `deviations` name it. */
export type CaseStatus = "passed" | "failed" | "not-applicable" | "deviation";

/** The result of one case. */
export interface CaseResult {
  readonly id: string;
  readonly name: string;
  readonly status: CaseStatus;
  /** How long it took, in ms. */
  readonly ms: number;
  /** Why the status is not `passed`. */
  readonly reason: string | undefined;
}

/** The results of one run of the suite. */
export interface SuiteReport {
  /** The name of the subject. */
  readonly backend: string;
  readonly server: { readonly product: string; readonly version: string } | undefined;
  /** In ISO 8601. */
  readonly startedAt: string;
  readonly capabilities: Capabilities | undefined;
  /** In the order in which the cases ended. */
  readonly cases: readonly CaseResult[];
}

/** The number of cases with each status. */
export function countByStatus(report: SuiteReport): Readonly<Record<CaseStatus, number>> {
  const counts: Record<CaseStatus, number> = { passed: 0, failed: 0, "not-applicable": 0, deviation: 0 };
  for (const { status } of report.cases) counts[status] += 1;
  return counts;
}

/** Writes the report as JSON. Creates the folder if it is missing. */
export async function writeReport(report: SuiteReport, path: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await writeFile(path, `${JSON.stringify(report, undefined, 2)}\n`);
}
