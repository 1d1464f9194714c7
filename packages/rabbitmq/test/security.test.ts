import { readFile } from "node:fs/promises";
import { DELAY_STEPS, delayStepName, type Link } from "@anybroker/core/driver";
import { type Rabbitmq, rabbitmq as rabbitmqServer } from "@anybroker-internal/testkit/brokers/rabbitmq";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { clock, live, message, queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { stranger } from "@anybroker-internal/testkit/stranger";
import { connect, type Message } from "amqplib";
import { afterAll, beforeAll, expect, test, vi } from "vitest";
import { type RabbitmqOptions, rabbitmq, connect as rabbitmqConnect } from "../src/index.ts";
import { queueStepArguments } from "../src/topology.ts";

const context = { clock, lease: 30_000, topology: "none" } as const;

/** The link, or the classification of the error with which connecting failed. */
async function tried(options: RabbitmqOptions): Promise<Link | { code: string; retryable: boolean }> {
  const driver = rabbitmq(options);
  try {
    return await driver.connect(context, AbortSignal.timeout(8_000));
  } catch (error) {
    expect(String(error)).not.toContain("s3cret");
    return driver.classify(error);
  }
}

async function works(options: RabbitmqOptions): Promise<void> {
  const link = await tried(options);
  expect(link).toHaveProperty("server.product", "RabbitMQ");
  if ("close" in link) await link.close(live);
}

await withServers(rabbitmqServer, () => {
  let server: Rabbitmq;
  let port = "";
  beforeAll(async () => {
    server = await rabbitmqServer.start({ tls: true });
    port = new URL(server.url).port;
  });
  afterAll(() => server.stop());

  test("a wrong user, a wrong password and a missing virtual host are refused at once", async () => {
    const unauthorized = { code: "UNAUTHORIZED", retryable: false };
    expect(await tried({ url: `amqp://guest:s3cret@127.0.0.1:${port}` })).toEqual(unauthorized);
    expect(await tried({ url: `amqp://nobody:s3cret@127.0.0.1:${port}` })).toEqual(unauthorized);
    expect(await tried({ url: `amqp://127.0.0.1:${port}`, username: "guest", password: "s3cret" })).toEqual(
      unauthorized,
    );
    expect(await tried({ url: `${server.url}/nowhere` })).toEqual({ code: "NOT_FOUND", retryable: false });
  });

  test("user names and passwords with special characters, tokens from a function, and virtual hosts work", async () => {
    await server.ctl("add_user", "ada@home", "p:/?#[]@ %41");
    await server.ctl("add_vhost", "a/b%41");
    await server.ctl("set_permissions", "-p", "a/b%41", "ada@home", ".*", ".*", ".*");
    const password = "p:/?#[]@ %41";
    const at = `127.0.0.1:${port}/${encodeURIComponent("a/b%41")}`;
    await works({ url: `amqp://${encodeURIComponent("ada@home")}:${encodeURIComponent(password)}@${at}` });
    await works({ url: `amqp://${at}`, username: "ada@home", password: () => Promise.resolve(password) });
    expect(await tried({ url: `amqp://127.0.0.1:${port}/a`, username: "ada@home", password })).toMatchObject({
      code: "NOT_FOUND",
    });
  });

  test("the driver connects to the first host that answers, and ends at the first refusal", async () => {
    await works({ url: `amqp://127.0.0.1:1,127.0.0.1:${port}` });
    expect(await tried({ url: "amqp://127.0.0.1:1,127.0.0.1:2" })).toEqual({ code: "UNAVAILABLE", retryable: true });
    expect(await tried({ url: `amqp://guest:s3cret@127.0.0.1:${port},127.0.0.1:1` })).toMatchObject({
      code: "UNAUTHORIZED",
    });
    expect(await tried({ url: "amqp://no-such-host.invalid" })).toEqual({ code: "UNAVAILABLE", retryable: true });
  });

  test("a server of another protocol is INVALID_CONFIG, and the message names its address", async () => {
    const at = await stranger();
    const connecting = rabbitmqConnect(`amqp://guest:s3cret@${at}`);
    await expect(connecting).rejects.toMatchObject({
      code: "INVALID_CONFIG",
      retryable: false,
      message: expect.stringContaining(`the server at ${at} is not a RabbitMQ server`),
    });
  });

  test("connecting to a server that does not answer ends after the timeout, and at once when the signal aborts", async () => {
    await server.pause();
    try {
      expect(await tried({ url: server.url, timeout: 1_000 })).toEqual({ code: "UNAVAILABLE", retryable: true });
      const since = Date.now();
      const connecting = rabbitmq({ url: server.url }).connect(context, AbortSignal.timeout(200));
      await expect(connecting).rejects.toMatchObject({ name: "TimeoutError" });
      expect(Date.now() - since).toBeLessThan(1_000);
    } finally {
      await server.resume();
    }
  });

  test("TLS with a private authority works with its certificate, and not without it", async () => {
    const { url = "", ca = "" } = server.tls ?? {};
    const pem = await readFile(ca);
    await works({ url, ca: pem });
    await works({ url: `${url}?ca=${encodeURIComponent(pem.toString())}` });
    await works({ url: url.replace("127.0.0.1", "localhost"), ca: pem });
    const misconfigured = { code: "INVALID_CONFIG", retryable: false };
    expect(await tried({ url })).toEqual(misconfigured);
    expect(await tried({ url, ca: pem, servername: "elsewhere.example" })).toEqual(misconfigured);
    expect(await tried({ url: `amqps://127.0.0.1:${port}`, ca: pem })).toEqual(misconfigured);
    expect(await tried({ url: `amqp://${new URL(url).host}` })).toMatchObject({ retryable: true });
  });

  test("a server that offers EXTERNAL knows a client by its certificate; on any other server it is INVALID_CONFIG", async () => {
    const { url = "", ca = "", clientCert = "", clientKey = "" } = server.tls ?? {};
    const [authority, cert, key] = await Promise.all([readFile(ca), readFile(clientCert), readFile(clientKey)]);
    const shown = { url, ca: authority, cert, key };
    await works(shown);
    expect(await tried({ ...shown, mechanism: "external" })).toMatchObject({ code: "UNAUTHORIZED" });
    await server.createUser({ name: "client", password: "unused" });
    await works({ ...shown, mechanism: "external" });
    expect(await tried({ url: `amqp://127.0.0.1:${port}`, mechanism: "external" })).toEqual({
      code: "INVALID_CONFIG",
      retryable: false,
    });
  });

  test("an account that may create nothing can use what exists", async () => {
    const creator = await rabbitmq({ url: server.url }).connect({ ...context, topology: "create" }, live);
    const parent = topic("restricted-topic");
    const entities = [queue("restricted"), parent, subscription(parent, "s")];
    await creator.declare(entities, "create", live);
    const url = await server.createUser({ name: "user", password: "pw", permissions: { write: ".*", read: ".*" } });
    const driver = rabbitmq({ url });
    const link = await driver.connect({ ...context, topology: "verify" }, live);
    expect(await link.declare(entities, "verify", live)).toEqual([]);
    const results: unknown[] = [];
    await link.send(queue("restricted"), [message("m")], (_, failure) => results.push(failure), live);
    await link.send(parent, [message("m")], (_, failure) => results.push(failure), live);
    expect(results).toEqual([undefined, undefined]);
    const source = await link.open(queue("restricted"), { window: 5 }, () => {}, live);
    expect(source.returns).toBe(false);
    const [delivery] = await source.receive(1, live);
    if (delivery === undefined) throw new Error("no message arrived");
    expect(await source.settle([{ action: "deadLetter", delivery, headers: {} }], live)).toEqual([undefined]);
    expect(await link.stats(queue("restricted"), live)).toMatchObject({ ready: 0, dead: 1 });
    expect(await link.deadLetters(queue("restricted")).list(5, undefined, live)).toHaveLength(1);
    await expect(link.health(live)).resolves.toMatchObject({ degraded: undefined });
    const refusal: unknown = await link.declare([queue("another")], "create", live).catch((error: unknown) => error);
    expect(driver.classify(refusal)).toEqual({ code: "FORBIDDEN", retryable: false });
    await link.close(live);
    await creator.close(live);
  });

  test("an account that may create nothing retries through a delay ladder that exists, and in place without one", async () => {
    const [withLadder, withoutLadder] = ["with-ladder", "without-ladder"];
    const creator = await rabbitmqConnect(server.url);
    await creator.declare({ queues: { [withLadder]: {}, [withoutLadder]: {} } });
    await creator.close();
    const plain = await connect(server.url);
    const channel = await plain.createChannel();
    for (const ms of DELAY_STEPS) {
      await channel.assertQueue(delayStepName(withLadder, ms), { arguments: queueStepArguments(ms, withLadder) });
    }
    // One step less than the whole ladder.
    for (const ms of DELAY_STEPS.slice(1)) {
      await channel.assertQueue(delayStepName(withoutLadder, ms), { arguments: queueStepArguments(ms, withoutLadder) });
    }
    const url = await server.createUser({ name: "retrier", password: "pw", permissions: { write: ".*", read: ".*" } });
    const broker = await rabbitmqConnect(url, { topology: "none" });
    /** The message as amqplib delivered it to the first attempt and to the second. */
    const attemptsAt = async (name: string): Promise<[first: Message, second: Message]> => {
      const attempts: Message[] = [];
      const retried = Promise.withResolvers<[Message, Message]>();
      const consumer = await broker.queue<string>(name).consume(
        ({ native }) => {
          // The cast is true: natives are amqplib's messages.
          attempts.push(native as Message);
          const [first, second] = attempts;
          if (first === undefined || second === undefined) throw new Error("the first attempt fails");
          retried.resolve([first, second]);
        },
        { retry: { backoff: { initial: 250, jitter: 0 } }, onError: () => {} },
      );
      await broker.queue(name).send("m");
      const result = await retried.promise;
      await consumer.close();
      return result;
    };
    const [, returned] = await attemptsAt(withLadder);
    expect(returned.properties.headers?.["x-death"]).toMatchObject([{ queue: delayStepName(withLadder, 250) }]);
    const [first, second] = await attemptsAt(withoutLadder);
    expect(second).toBe(first);
    await broker.close();
    await plain.close();
  });

  test("an account without rights gets FORBIDDEN", async () => {
    const url = await server.createUser({ name: "nobody", password: "pw" });
    const driver = rabbitmq({ url });
    const link = await driver.connect(context, live);
    const codes: string[] = [];
    const report = (_: number, failure?: { readonly error: unknown }): void => {
      codes.push(driver.classify(failure?.error).code);
    };
    await link.send(queue("restricted"), [message("m")], report, live);
    const opening = link.open(queue("restricted"), { window: 1 }, () => {}, live);
    codes.push(driver.classify(await opening.catch((error: unknown) => error)).code);
    expect(codes).toEqual(["FORBIDDEN", "FORBIDDEN"]);
    await link.close(live);
  });

  test("during a resource alarm sends wait, health says why, and consuming goes on", async (here) => {
    const link = await rabbitmq({ url: server.url }).connect({ ...context, topology: "create" }, live);
    const entity = queue("alarmed");
    await link.declare([entity], "create", live);
    const fates: unknown[] = [];
    const report = (_: number, failure?: unknown): void => void fates.push(failure);
    await link.send(entity, [message("before")], report, live);
    await server.ctl("set_disk_free_limit", "9999GB");
    const waiting = link.send(entity, [message("during")], report, live);
    const raised = vi.waitUntil(async () => (await link.health(live)).degraded, { timeout: 10_000, interval: 50 });
    if ((await raised.catch(() => undefined)) === undefined) here.skip("this server does not watch its disk");
    expect(await raised).toMatch(/disk/);
    const source = await link.open(entity, { window: 5 }, () => {}, live);
    expect((await source.receive(1, live)).map(({ id }) => id)).toEqual(["before"]);
    expect(await link.stats(entity, live)).toMatchObject({ dead: 0 });
    await link.send(entity, [message("gives-up")], report, AbortSignal.timeout(300));
    expect(fates).toMatchObject([undefined, { outcomeUnknown: true }]);
    await server.ctl("set_disk_free_limit", "50MB");
    await waiting;
    expect(fates).toMatchObject([undefined, { outcomeUnknown: true }, undefined]);
    await expect.poll(async () => (await link.health(live)).degraded, { timeout: 10_000 }).toBeUndefined();
    await link.close(live);
  });

  test("when the server dies the link ends, every call ends, and the errors are UNAVAILABLE", {
    timeout: 60_000,
  }, async () => {
    const driver = rabbitmq({ url: server.url });
    const link = await driver.connect({ ...context, topology: "create" }, live);
    const entity = queue("dying");
    await link.declare([entity], "create", live);
    const source = await link.open(entity, { window: 5 }, () => {}, live);
    await server.kill();
    expect(driver.classify(await link.lost)).toEqual({ code: "UNAVAILABLE", retryable: true });
    expect(driver.classify(await source.lost)).toEqual({ code: "UNAVAILABLE", retryable: true });
    const calls = [
      link.declare([entity], "create", live),
      link.stats(entity, live),
      link.health(live),
      link.deadLetters(entity).count(live),
      link.open(entity, { window: 1 }, () => {}, live),
    ];
    for (const result of await Promise.allSettled(calls)) {
      if (result.status === "fulfilled") throw new Error("the call succeeded without a server");
      expect(driver.classify(result.reason)).toEqual({ code: "UNAVAILABLE", retryable: true });
    }
    await link.close(live);
    expect(await tried({ url: server.url })).toEqual({ code: "UNAVAILABLE", retryable: true });
    await server.restart();
    await connect(server.url).then((connection) => connection.close());
  });

  test("a link to a server that hangs ends after about three heartbeats", { timeout: 60_000 }, async () => {
    const link = await rabbitmq({ url: server.url, heartbeat: 1_000 }).connect(context, live);
    await server.pause();
    try {
      await expect(link.lost).resolves.toMatchObject({ message: "Heartbeat timeout" });
    } finally {
      await server.resume();
    }
    await link.close(live);
  });
});
