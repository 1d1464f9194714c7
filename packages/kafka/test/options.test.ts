import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import { expect, test } from "vitest";
import { adapter, kafka } from "../src/index.ts";

const refused = (options: object) => {
  try {
    // The cast is what the test is about.
    kafka({ url: "kafka://localhost", ...options } as never);
  } catch (error) {
    return error;
  }
  return undefined;
};

test.each([
  [{ timeouts: 5_000 }, "timeouts"],
  [{ constructor: 1 }, "constructor"],
  [{ timeout: 500 }, "timeout"],
  [{ timeout: "5000" }, "timeout"],
  [{ timeout: Number.NaN }, "timeout"],
  [{ partitions: 0 }, "partitions"],
  [{ replicas: 1.5 }, "replicas"],
  [{ retention: 10 }, "retention"],
  [{ mechanism: "magic" }, "mechanism"],
  [{ mechanism: 5 }, "mechanism"],
  [{ mechanism: "plain" }, "plain"],
  [{ username: "ada" }, "password"],
  [{ mechanism: "oauthbearer" }, "token"],
  [{ token: "text" }, "token"],
  [{ password: 5 }, "password"],
  [{ ca: 5 }, "ca"],
  [{ naming: "x" }, "naming"],
  [{ url: "http://localhost" }, "http"],
  [{ url: "kafka://localhost/path" }, "path"],
  [{ url: "kafka://localhost?time=5" }, "parameter 1"],
  [{ url: "kafka://localhost?timeout=soon" }, "timeout"],
  [{ url: "kafka://localhost?timeout=5000&key=secret" }, "parameter 2"],
  [{ url: undefined }, "URL"],
])("%o is refused by name", (options, name) => {
  expect(refused(options)).toMatchObject({
    name: "BrokerError",
    code: "INVALID_CONFIG",
    message: expect.stringContaining(name),
  });
});

test("parameters of the URL are options, which options of the same name go before", () => {
  const url = "kafka+ssl://u:p@a:1,b?mechanism=scram-sha-512&timeout=5000&partitions=6&replicas=3&servername=s";
  expect(refused({ url })).toBeUndefined();
  expect(refused({ url: "kafka://localhost?timeout=5", timeout: 5_000 })).toBeUndefined();
});

test("a driver shows where it connects, and no secret", () => {
  const url = "kafka://ada:s3cret@one,two:9093";
  const driver = kafka({ url, password: "0ther", passphrase: "thi4d" });
  expect(driver.address).toBe("kafka://one,two:9093");
  expect(inspect(driver, { depth: 9, showHidden: true })).not.toMatch(/s3cret|0ther|thi4d/);
  expect(JSON.stringify(driver)).not.toMatch(/s3cret|0ther|thi4d/);
});

test("the adapter serves both schemes", () => {
  expect(adapter.schemes).toEqual(["kafka", "kafka+ssl"]);
  expect(adapter.driver({ url: "kafka://localhost" }).name).toBe("kafka");
  expect(() => adapter.driver({ url: "kafka://localhost", nonsense: 1 })).toThrow(/nonsense/);
});

test("the README names every option", async () => {
  const { message } = refused({ nonsense: 1 }) as Error;
  const [, known = ""] = /known ones: (.*)/.exec(message) ?? [];
  const readme = await readFile(new URL("../README.md", import.meta.url), "utf8");
  const [table = ""] = /\| option \|[\s\S]*?\n\n/.exec(readme) ?? [];
  expect(known.split(", ")).toContain("retention");
  for (const name of known.split(", ")) expect(table).toContain(`\`${name}\``);
});
