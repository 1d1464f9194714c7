import type { Reporter, SerializedError, TestModule, Vitest } from "vitest/node";

const counts = { passed: 0, failed: 0, skipped: 0 };

/** Prints `N passed, N failed, N skipped` as the last line of a run. Errors outside of tests count as failed. */
export default class ClosingLine implements Reporter {
  onInit(vitest: Vitest): void {
    if (vitest.config.watch) return;
    process.once("exit", () => {
      process.stdout.write(`\n${counts.passed} passed, ${counts.failed} failed, ${counts.skipped} skipped\n`);
    });
  }

  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[]): void {
    counts.passed = 0;
    counts.skipped = 0;
    counts.failed = errors.length;
    for (const module of modules) {
      if (module.errors().length > 0) counts.failed += 1;
      for (const test of module.children.allTests()) {
        const { state } = test.result();
        counts[state === "pending" ? "skipped" : state] += 1;
      }
    }
  }
}
