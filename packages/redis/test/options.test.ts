import { inspect } from "node:util";
import { expect, test } from "vitest";
import { type RedisOptions, redis } from "../src/index.ts";
import { settingsOf } from "../src/options.ts";

const url = "redis://ada:s3cret@one:6380,two/2?heartbeat=2000&connectionName=orders";

test("a URL holds hosts, user, database and options", () => {
  expect(settingsOf({ url })).toMatchObject({
    address: { username: "ada", password: "s3cret", hosts: [{ host: "one", port: 6_380 }, { host: "two" }] },
    db: 2,
    heartbeat: 2_000,
    connectionName: "orders",
  });
  expect(settingsOf({ url: "redis://one,two?mode=sentinel&master=main" })).toMatchObject({
    mode: "sentinel",
    master: "main",
  });
});

test.each<[string, RedisOptions | object]>([
  ["unknown option", { url, hartbeat: 5 }],
  ["parameter 1", { url: "redis://one?password=s3cret" }],
  ["heartbeat", { url, heartbeat: 10 }],
  ["heartbeat", { url: "redis://one?heartbeat=10" }],
  ["mode", { url: "redis://one?mode=ring" }],
  ["password", { url, password: 5 }],
  ["naming", { url, naming: "x" }],
  ["scheme", { url: "amqp://one" }],
  ["number of a database", { url: "redis://one/orders" }],
  ["database 0 only", { url: "redis://one/1?mode=cluster" }],
  ["wait for replicas", { url: "redis://one?mode=cluster&replicas=1" }],
])("%s is refused with what is wrong and no secret", (what, options) => {
  // The cast lets options through that TypeScript would refuse.
  const make = (): unknown => redis(options as RedisOptions);
  expect(make).toThrow(expect.objectContaining({ code: "INVALID_CONFIG", message: expect.stringContaining(what) }));
  expect(make).not.toThrow(/s3cret/);
});

test("a driver shows its address and no secret", () => {
  const driver = redis({ url, sentinelPassword: "s3cret" });
  expect(driver.address).toBe("redis://one:6380,two/2");
  expect(inspect(driver, { depth: 9, showHidden: true })).not.toContain("s3cret");
});
