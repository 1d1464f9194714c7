import { setImmediate as turn } from "node:timers/promises";
import { expect, test } from "vitest";
import { expectWarning } from "../src/expect-warning.ts";

test("a warning that a test expects belongs to that test", async () => {
  const heard = expectWarning("mind the gap");
  process.emitWarning("please mind the gap", { type: "AnybrokerWarning" });
  await turn();
  expect(heard).toMatchObject([{ name: "AnybrokerWarning", message: "please mind the gap" }]);
});

test.fails("a warning that no test expects fails the test that provokes it", () => {
  process.emitWarning("nobody expects this", { type: "AnybrokerWarning" });
});

test.fails("a warning that is expected and does not come fails the test", () => {
  expectWarning("never");
});
