import { leftBehind } from "@anybroker-internal/testkit/left-behind";
import { expect, test } from "vitest";
import { server, unique } from "./harness.ts";

test("connecting, consuming and closing leaves nothing behind in the process", async () => {
  const rounds = 5;
  const left = await leftBehind(import.meta.dirname, "@anybroker/kafka", server.url, unique("queue"), rounds);
  for (const [kind, count] of Object.entries(left)) expect(count, kind).toBeLessThan(rounds);
});
