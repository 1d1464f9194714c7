import { test } from "vitest";

test("the package can be imported", async () => {
  await import("@anybroker/servicebus");
});
