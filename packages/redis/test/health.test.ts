import { live } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { open } from "./harness.ts";

test("health shows the role of the server and its policy for a full memory", async () => {
  const { details } = await (await open()).health(live);
  expect(details).toMatchObject({ role: "master", "maxmemory-policy": "noeviction" });
});
