import { setImmediate as turn } from "node:timers/promises";
import { Redis } from "ioredis";
import { expect, test } from "vitest";
import { expectWarning } from "../src/expect-warning.ts";
import { freePorts } from "../src/free-ports.ts";

test("a warning that a test expects belongs to that test", async () => {
  const heard = expectWarning("mind the gap");
  process.emitWarning("please mind the gap", { type: "AnybrokerWarning" });
  await turn();
  expect(heard).toMatchObject([{ name: "AnybrokerWarning", message: "please mind the gap" }]);
});

test.fails("a warning that no test expects fails the test that provokes it", () => {
  process.emitWarning("no test expects this", { type: "AnybrokerWarning" });
});

test.fails("an error event that no listener of a client hears fails the test", async () => {
  const [port = 0] = await freePorts(1);
  const client = new Redis({ host: "127.0.0.1", port, retryStrategy: () => null });
  // `once` of node:events would listen for errors.
  await new Promise((resolve) => client.once("end", resolve));
});

test.fails("a warning that is expected and does not come fails the test", () => {
  expectWarning("never");
});
