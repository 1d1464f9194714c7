import { describe, test } from "vitest";
import type { BrokerModule, TestBroker } from "./broker.ts";
import { endWithout, givenFor } from "./given.ts";

/**
 * Defines tests that start servers of their own, to harm them. Without a server to start, one test stands in their
 * place, which is skipped or fails with the reason.
 */
export async function withServers(module: BrokerModule<TestBroker, never>, define: () => void): Promise<void> {
  const way = await module.find();
  if (way.by === "none") {
    const given = givenFor(module.name);
    const reason = given.broken === true ? given : { missing: way.reason, broken: false };
    test(`${module.label} can be started`, (context) => endWithout(reason, context));
  } else if (way.by === "url") {
    test.skip(`${module.label} was given by URL: it is not killed, paused or restarted`);
  } else {
    describe(module.label, define);
  }
}
