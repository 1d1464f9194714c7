import type { Case } from "./case.ts";
import { conformance } from "./conformance.ts";
import type { CaseResult, SuiteReport } from "./report.ts";
import type { Subject } from "./subject.ts";

/** Options of {@link runConformance}. */
export interface RunOptions {
  /** How many cases run at once. @default 16 */
  readonly concurrency?: number | undefined;
  /** Runs only the cases for which it returns true. */
  readonly only?: ((one: Case) => boolean) | undefined;
  /** Called when a case has ended. */
  readonly onCase?: ((result: CaseResult) => void) | undefined;
}

/** Runs the suite without a test runner. Resolves when every case has ended, even if some failed. */
export async function runConformance(subject: Subject, options: RunOptions = {}): Promise<SuiteReport> {
  const waiting: (() => Promise<void>)[] = [];
  const signal = new AbortController().signal;
  const { concurrency = 16, only, onCase } = options;
  const suite = conformance(
    subject,
    { test: (_, run) => void waiting.push(() => run({ signal, skip: () => {} })) },
    { only },
  );
  let announced = 0;
  const work = async (): Promise<void> => {
    for (let next = waiting.shift(); next !== undefined; next = waiting.shift()) {
      // The report has the reason of a failure.
      await next().catch(() => {});
      for (const result of suite.report().cases.slice(announced)) {
        announced += 1;
        onCase?.(result);
      }
    }
  };
  await Promise.all(Array.from({ length: concurrency }, work));
  return suite.report();
}
