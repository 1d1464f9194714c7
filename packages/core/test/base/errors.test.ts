import { inspect } from "node:util";
import { expect, test } from "vitest";
import { BrokerError, textOf } from "../../src/base/errors.ts";

test("a BrokerError of another copy of the core is recognised", () => {
  class Foreign extends Error {}
  const foreign = new Foreign("x");
  Object.defineProperty(foreign, Symbol.for("anybroker.BrokerError"), { value: true });
  expect(foreign instanceof BrokerError).toBe(true);
  expect(new Error("x") instanceof BrokerError).toBe(false);
  const nothing: unknown = null;
  expect(nothing instanceof BrokerError).toBe(false);
});

test("a thrown value is shown without secrets", () => {
  expect(textOf(new TypeError("cannot reach broker://user:hunter2@host"))).toBe(
    "TypeError: cannot reach broker://***@host",
  );
  expect(textOf("broker://user:hunter2@host")).toBe("broker://***@host");
});

test("a BrokerError shows no secret in its message, its stack, its cause or the output of inspect", () => {
  const cause = new Error("cannot reach broker://user:hunter2@host");
  const error = new BrokerError("UNAVAILABLE", `connecting: ${cause.message}`, { cause });
  const shown = [error.message, error.stack, String(error.cause), JSON.stringify(error), inspect(error)];
  expect(shown.join("\n")).not.toContain("hunter2");
  expect(error.cause).toMatchObject({ message: "cannot reach broker://***@host" });
  const harmless = new Error("refused");
  expect(new BrokerError("UNAVAILABLE", "connecting", { cause: harmless }).cause).toBe(harmless);
});

test("printed, the text of the cause is there once, and another cause with its stack", () => {
  const refused = new Error("connect ECONNREFUSED 127.0.0.1:1");
  const error = new BrokerError("UNAVAILABLE", `cannot connect: ${refused.message}`, { cause: refused });
  const shown = inspect(error);
  expect(shown.match(/ECONNREFUSED/g)).toHaveLength(1);
  expect(shown).toContain('code: "UNAVAILABLE"'.replaceAll('"', "'"));
  expect(inspect(new BrokerError("INTERNAL", "it broke", { cause: refused }))).toContain(
    "[cause]: Error: connect ECONN",
  );
});
