import type { TestContext } from "vitest";

/**
 * Ends a test that has no server: skipped with the reason, or failed where every server must be there
 * (`ANYBROKER_TEST_REQUIRE=all`, as in CI).
 */
export function skipOrFail(context: TestContext, reason: string): never {
  if (process.env.ANYBROKER_TEST_REQUIRE === "all") throw new Error(reason);
  return context.skip(reason);
}
