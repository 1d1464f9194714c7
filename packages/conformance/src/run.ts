import type { Backend } from "./backend.ts";
import type { Case } from "./case.ts";
import { conformance } from "./conformance.ts";
import type { CaseReport, Report } from "./report.ts";

/** How {@link runConformance} runs. */
export interface RunOptions {
  /** How many cases run side by side. @default 16 */
  readonly concurrency?: number;
  /** Runs some cases only. */
  readonly only?: (one: Case) => boolean;
  /** Called as each case ends. */
  readonly onCase?: (result: CaseReport) => void;
}

/** Runs the suite without a test runner. Resolves when every case has ended, whatever became of it. */
export async function runConformance(backend: Backend, options: RunOptions = {}): Promise<Report> {
  const waiting: (() => Promise<void>)[] = [];
  const signal = new AbortController().signal;
  const { concurrency = 16, only, onCase } = options;
  const suite = conformance(
    backend,
    { test: (_, run) => void waiting.push(() => run({ signal, skip: () => {} })) },
    only === undefined ? {} : { only },
  );
  let told = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      // Why it failed is in the report.
      await next().catch(() => {});
      for (const result of suite.report().cases.slice(told)) {
        told += 1;
        onCase?.(result);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return suite.report();
}
