import { expect, test } from "vitest";
import type { BrokerName } from "./broker.ts";
import { serverOf } from "./given.ts";

// Part of the project of each backend, which has the name of the backend.
test("a server is there to test against", (context) => {
  expect(serverOf(context.task.file.projectName as BrokerName).url).toContain("://");
});
