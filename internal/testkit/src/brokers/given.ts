import { inject, type TestContext, TestRunner } from "vitest";
import type { Given, NoServer, Server } from "./all.ts";
import type { BrokerName } from "./broker.ts";

/** Ends a test that has no server, as skipped or failed. */
export function endWithout({ missing, broken }: NoServer, context: TestContext): never {
  if (!broken && process.env.ANYBROKER_TEST_REQUIRE !== "all") return context.skip(missing);
  const error = new Error(missing);
  // The reporter shows errors once that have the same stack.
  error.stack = String(error);
  throw error;
}

/** The server that the run was given for a backend, or why there is none. */
export function givenFor(name: BrokerName): Given {
  // The cast is true: nothing is provided to a run without tests of this backend.
  const given = inject(name) as Given | undefined;
  return given ?? { missing: `No ${name}: no server was started for this run.`, broken: false };
}

/**
 * The server that the run was given for a backend. Without a server it ends the current test, as skipped or failed.
 * @throws Error with the reason outside of a test
 */
export function serverOf(name: BrokerName): Server {
  const given = givenFor(name);
  if (given.missing === undefined) return given;
  const test = TestRunner.getCurrentTest();
  if (test === undefined) throw new Error(given.missing);
  return endWithout(given, test.context);
}
