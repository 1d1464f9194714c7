import { expect, test } from "vitest";
import type { BrokerName } from "./broker.ts";
import { serverOf } from "./given.ts";

// Part of each backend's project, which has the backend's name.
test("a server is there to test against", (context) => {
  expect(serverOf(context.task.file.projectName as BrokerName).url).toContain("://");
});
