import { describe, test } from "vitest";
import type { BrokerModule, TestBroker } from "./broker.ts";
import { skipOrFail } from "./skip-or-fail.ts";

/**
 * Defines tests that start servers of their own, to hurt them. Where that cannot be, one test stands in their place,
 * which is skipped or fails with the reason.
 */
export async function withServers(module: BrokerModule<TestBroker, never>, define: () => void): Promise<void> {
  const way = await module.find();
  if (way.by === "none") {
    test(`${module.label} can be started`, (context) => skipOrFail(context, way.reason));
  } else if (way.by === "url") {
    test.skip(`${module.label} was given by URL: it is not killed, paused or restarted`);
  } else {
    describe(module.label, define);
  }
}
