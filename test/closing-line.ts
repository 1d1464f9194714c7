import type { Reporter, SerializedError, TestModule, Vitest } from "vitest/node";

const counts = { passed: 0, failed: 0, skipped: 0 };

/** Ends a run with one line alone: `N passed, N failed, N skipped`. What breaks outside of a test counts as failed. */
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
