import { readFile } from "node:fs/promises";
import { inspect } from "node:util";
import type { Link } from "@anybroker/core/driver";
import { connect } from "@anybroker/redis";
import { type Redis, redis as redisServer } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { clock, declared, linked, live, message, queue, reading, sent, take } from "@anybroker-internal/testkit/link";
import { stranger } from "@anybroker-internal/testkit/stranger";
import { afterAll, beforeAll, expect, test } from "vitest";
import { type RedisOptions, redis } from "../src/index.ts";

const context = { clock, lease: 30_000, topology: "none" } as const;

/** Connects. Returns the link, or what the failure means. */
async function tried(options: RedisOptions): Promise<Link | { code: string; retryable: boolean }> {
  const driver = redis(options);
  try {
    return await driver.connect(context, AbortSignal.timeout(8_000));
  } catch (error) {
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain("s3cret");
    return driver.classify(error);
  }
}

async function works(options: RedisOptions): Promise<void> {
  const link = await tried(options);
  expect(link).toHaveProperty("server.version");
  if ("close" in link) await link.close(live);
}

await withServers(redisServer, () => {
  let server: Redis;
  let port = "";
  beforeAll(async () => {
    server = await redisServer.start({ tls: true });
    port = new URL(server.url).port;
  });
  afterAll(() => server.stop());

  test("a wrong user or password is refused at once, and so is a database that does not exist", async () => {
    const unauthorized = { code: "UNAUTHORIZED", retryable: false };
    await server.createUser({ name: "ada", password: "right", rules: ["+@all", "~*"] });
    expect(await tried({ url: `redis://ada:s3cret@127.0.0.1:${port}` })).toEqual(unauthorized);
    expect(await tried({ url: `redis://nobody:s3cret@127.0.0.1:${port}` })).toEqual(unauthorized);
    expect(await tried({ url: server.url, username: "ada", password: "s3cret" })).toEqual(unauthorized);
    expect(await tried({ url: `${server.url}/1000` })).toEqual({ code: "INVALID_CONFIG", retryable: false });
  });

  test("names and passwords with odd characters, tokens from a function, and databases work", async () => {
    const password = "p:/?#[]@ %41";
    const url = await server.createUser({ name: "ada@home", password, rules: ["+@all", "~*"] });
    await works({ url });
    await works({
      url: `redis://127.0.0.1:${port}/3`,
      username: "ada@home",
      password: () => Promise.resolve(password),
    });
  });

  test("a port of another service is INVALID_CONFIG", async () => {
    expect(await tried({ url: `redis://${await stranger()}` })).toEqual({ code: "INVALID_CONFIG", retryable: false });
  });

  test("of several hosts the first that replies is used, and a refusal by one ends the search", async () => {
    await works({ url: `redis://127.0.0.1:1,127.0.0.1:${port}` });
    expect(await tried({ url: "redis://127.0.0.1:1,127.0.0.1:2" })).toEqual({ code: "UNAVAILABLE", retryable: true });
    expect(await tried({ url: `redis://nobody:s3cret@127.0.0.1:${port},127.0.0.1:1` })).toMatchObject({
      code: "UNAUTHORIZED",
    });
    expect(await tried({ url: "redis://no-such-host.invalid" })).toEqual({ code: "UNAVAILABLE", retryable: true });
  });

  test("connecting to a silent server ends after the heartbeat, and at once when the signal aborts", async () => {
    await server.pause();
    try {
      expect(await tried({ url: server.url, heartbeat: 1_000 })).toEqual({ code: "UNAVAILABLE", retryable: true });
      const since = Date.now();
      const connecting = redis({ url: server.url }).connect(context, AbortSignal.timeout(200));
      await expect(connecting).rejects.toMatchObject({ name: "TimeoutError" });
      expect(Date.now() - since).toBeLessThan(1_000);
    } finally {
      await server.resume();
    }
  });

  test("TLS with a private authority needs its certificate, and a client can have one too", async () => {
    const { url = "", ca = "", clientCert = "", clientKey = "" } = server.tls ?? {};
    const pem = await readFile(ca);
    await works({ url, ca: pem });
    await works({ url: `${url}?ca=${encodeURIComponent(pem.toString())}` });
    await works({ url, ca: pem, cert: await readFile(clientCert), key: await readFile(clientKey) });
    expect(await tried({ url })).toEqual({ code: "INVALID_CONFIG", retryable: false });
    expect(await tried({ url, ca: pem, servername: "elsewhere" })).toEqual({
      code: "INVALID_CONFIG",
      retryable: false,
    });
    expect(await tried({ url: url.replace(/:\d+$/, `:${port}`), ca: pem })).toHaveProperty("code");
  });

  test("a consumer whose connection has no name is not taken for dead", async () => {
    const rules = ["+@all", "-client|setname", "~*"];
    const url = await server.createUser({ name: "nameless", password: "pass", rules });
    const link = await linked(redis({ url }));
    const entity = await declared(link, queue("nameless"));
    await sent(link, entity, [message("a")]);
    await take(await reading(link, entity), 1);
    const idle = await reading(await linked(redis({ url: server.url })), entity);
    // Longer than it takes to look up on the server which consumers are connected.
    const end = Date.now() + 5_000;
    while (Date.now() < end) expect(await idle.receive(1, AbortSignal.timeout(1_000))).toEqual([]);
  });

  test("an account with only the rights that the README names can do everything", async () => {
    const rules = (await readFile(new URL("../README.md", import.meta.url), "utf8"))
      .split("## Rights")[1]
      ?.match(/\+[a-z|\\]+/g)
      ?.map((rule) => rule.replaceAll("\\", ""));
    const url = await server.createUser({ name: "worker", password: "pass", rules: ["~{rights}*", ...(rules ?? [])] });
    await using broker = await connect(url);
    const queue = broker.queue<number>("rights", { ordered: true });
    const [dead, done] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    let replayed = false;
    const errors: unknown[] = [];
    await queue.consume(
      () => {
        if (replayed) return done.resolve();
        dead.resolve();
        throw new Error("no");
      },
      { retry: { attempts: 1 }, onError: (error) => void errors.push(error) },
    );
    await queue.send(1, { key: "k", delay: 20 });
    await dead.promise;
    await expect.poll(() => queue.deadLetters.count()).toBe(1);
    expect(errors).toEqual([new Error("no")]);
    replayed = true;
    await queue.deadLetters.replay({ all: true });
    await done.promise;
    await expect(broker.queue("elsewhere").send(1)).rejects.toMatchObject({ code: "FORBIDDEN" });
    await broker.purge({ queues: ["rights"] });
    await broker.close();
    await using other = await connect(url);
    await other.delete({ queues: ["rights"] });
    await other.declare({ topics: { rights: { subscriptions: { all: {} } } } });
    await other.topic("rights").publish(1);
    await other.purge({ topics: { rights: {} } });
    await other.delete({ topics: { rights: { subscriptions: ["all"] } } });
    await other.delete({ topics: { rights: {} } });
    await expect(other.delete({ queues: ["here", "elsewhere"] })).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringMatching(/queue here needs the right to unlink on its keys/),
    });
  });
});
