import { BrokerError } from "@anybroker/core/driver";
import { expect, test } from "vitest";
import { adapter, type MemoryOptions, memory } from "../src/index.ts";

test("a URL names the instance and its bounds, and anything wrong is INVALID_CONFIG", () => {
  expect(adapter.driver({ url: "memory:orders?maxMessages=5" }).address).toBe("memory:orders");
  expect(adapter.driver({ url: "memory:" }).address).toBe("memory:");
  const wrong = [
    { url: "memory:a?speed=1" },
    { url: "memory:a?maxBytes=0" },
    { url: "memory:a:80" },
    { url: "memory:a,b" },
    { url: "memory:a/b" },
    { url: "memory:u:p@a" },
    { url: "memory:a", name: "b" },
    { url: "memory:a", maxMessages: "many" },
    { url: "memory:a", colour: "red" },
    { url: "memory:a", colour: undefined },
    { url: "memory:a", naming: { queue: {} } },
  ];
  for (const config of wrong) {
    expect(() => adapter.driver(config), JSON.stringify(config)).toThrow(BrokerError);
    expect(() => adapter.driver(config)).toThrow(expect.objectContaining({ code: "INVALID_CONFIG" }));
  }
  // The cast is what a program in JavaScript does not need.
  expect(() => memory({ colour: "red" } as MemoryOptions)).toThrow('unknown option "colour"');
  expect(() => memory(5 as MemoryOptions)).toThrow(
    "the options of memory must be an object with name, maxMessages, maxBytes, naming, not 5",
  );
  expect(() =>
    memory({ name: undefined, maxMessages: undefined, maxBytes: undefined, naming: undefined }),
  ).not.toThrow();
});
