import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { adapter, rabbitmq } from "../src/index.ts";

const refused = (options: object) => {
  try {
    // The cast is what the test is about.
    rabbitmq({ url: "amqp://localhost", ...options } as never);
  } catch (error) {
    return error;
  }
  return undefined;
};

test.each([
  [{ heartbeats: 5_000 }, "heartbeats"],
  [{ constructor: 1 }, "constructor"],
  [{ heartbeat: 500 }, "heartbeat"],
  [{ heartbeat: "5000" }, "heartbeat"],
  [{ timeout: Number.NaN }, "timeout"],
  [{ mechanism: "magic" }, "mechanism"],
  [{ mechanism: 5 }, "mechanism"],
  [{ password: 5 }, "password"],
  [{ ca: 5 }, "ca"],
  [{ naming: "x" }, "naming"],
  [{ naming: { queue: {} } }, 'naming: unknown option "queue"; known ones: queues, topics, subscriptions'],
  [
    { exchanges: { orders: { typ: "direct" } } },
    'exchanges.orders: unknown option "typ"; known ones: type, routingKey',
  ],
  [{ exchanges: { orders: "direct" } }, "exchanges.orders must be an object"],
  [{ url: "http://localhost" }, "http"],
  [{ url: "amqp://localhost?heart=5" }, "parameter 1"],
  [{ url: "amqp://localhost?heartbeat=soon" }, "heartbeat"],
  [{ url: "amqp://localhost?heartbeat=5" }, "heartbeat"],
  [{ url: "amqp://localhost?timeout=5000&key=secret" }, "parameter 2"],
  [{ url: undefined }, "URL"],
])("%o is refused by name", (options, name) => {
  expect(refused(options)).toMatchObject({
    name: "BrokerError",
    code: "INVALID_CONFIG",
    message: expect.stringContaining(name),
  });
});

test("parameters of the URL are options, and an option of the same name replaces them", () => {
  expect(
    refused({ url: "amqps://u:p@a:1,b/v?mechanism=plain&heartbeat=5000&timeout=5000&servername=s" }),
  ).toBeUndefined();
  expect(refused({ url: "amqp://localhost?heartbeat=5", heartbeat: 5_000 })).toBeUndefined();
});

test("a driver shows its address, and no secret", () => {
  const driver = rabbitmq({ url: "amqp://ada:s3cret@one,two:5673/shop", password: "0ther", passphrase: "thi4d" });
  expect(driver.address).toBe("amqp://one,two:5673/shop");
  expect(inspect(driver, { depth: 9, showHidden: true })).not.toMatch(/s3cret|0ther|thi4d/);
  expect(JSON.stringify(driver)).not.toMatch(/s3cret|0ther|thi4d/);
});

test("the adapter serves both schemes", () => {
  expect(adapter.schemes).toEqual(["amqp", "amqps"]);
  expect(adapter.driver({ url: "amqp://localhost" }).name).toBe("rabbitmq");
  expect(() => adapter.driver({ url: "amqp://localhost", nonsense: 1 })).toThrow(/nonsense/);
});

test("the README names every option", async () => {
  const { message } = refused({ nonsense: 1 }) as Error;
  const [, known = ""] = /known ones: (.*)/.exec(message) ?? [];
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [table = ""] = /\| option \|[\s\S]*?\n\n/.exec(readme) ?? [];
  expect(known.split(", ")).toContain("bindings");
  for (const name of known.split(", ")) expect(table).toContain(`\`${name}\``);
});
