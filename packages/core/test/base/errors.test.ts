import { inspect } from "node:util";
import { expect, test } from "vitest";
import { BrokerError, redact } from "../../src/base/errors.ts";

test("a BrokerError of another copy of the core is recognised", () => {
  class Foreign extends Error {}
  const foreign = new Foreign("x");
  Object.defineProperty(foreign, Symbol.for("anybroker.BrokerError"), { value: true });
  expect(foreign instanceof BrokerError).toBe(true);
  expect(new Error("x") instanceof BrokerError).toBe(false);
  const nothing: unknown = null;
  expect(nothing instanceof BrokerError).toBe(false);
});

test.each([
  ["connect broker://user:hunter2@host failed", "connect broker://***@host failed"],
  ["brokers://user:p%40w@a,b/x", "brokers://***@a,b/x"],
  [
    "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=hunter2=;",
    "Endpoint=sb://x/;SharedAccessKeyName=n;SharedAccessKey=***;",
  ],
  ["broker://:hunter2@host", "broker://***@host"],
  ["http://host/path and me@example.com", "http://host/path and me@example.com"],
])("secrets are blotted out of a message: %s", (message, shown) => {
  expect(redact(message)).toBe(shown);
  expect(new BrokerError("INTERNAL", message).message).toBe(shown);
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
