import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { type AddressInfo, createServer } from "node:net";
import type { Link } from "@anybroker/core/driver";
import { type Kafka, kafka as kafkaServer, USERS } from "@anybroker-internal/testkit/brokers/kafka";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { clock, live, message, queue, sent, take } from "@anybroker-internal/testkit/link";
import {
  AclOperationTypes as Operation,
  ResourcePatternTypes as Pattern,
  AclPermissionTypes as Permission,
  Kafka as PlainKafka,
  AclResourceTypes as Resource,
} from "kafkajs";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { connect, type KafkaOptions, kafka } from "../src/index.ts";

const context = { clock, lease: 30_000, topology: "create" } as const;
const unauthorized = { code: "UNAUTHORIZED", retryable: false };

/** Connects. Returns the link, or the classification of the error. */
async function tried(options: KafkaOptions): Promise<Link | { code: string; retryable: boolean }> {
  const driver = kafka(options);
  try {
    return await driver.connect(context, AbortSignal.timeout(8_000));
  } catch (error) {
    for (const secret of ["s3cret", ...Object.values(USERS)]) expect(String(error)).not.toContain(secret);
    return driver.classify(error);
  }
}

async function works(options: KafkaOptions): Promise<void> {
  const link = await tried(options);
  expect(link).toHaveProperty("server.product", "Kafka");
  if ("close" in link) await link.close(live);
}

/** A server that counts its connections and closes them at once. It ends with the test. */
async function countingServer(): Promise<{ readonly address: string; readonly connections: () => number }> {
  let connections = 0;
  const server = createServer((socket) => {
    connections += 1;
    socket.on("error", () => {}).destroy();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  // The cast is true of a server that listens on a port.
  const { port } = server.address() as AddressInfo;
  return { address: `127.0.0.1:${port}`, connections: () => connections };
}

/** A token that the server takes without checking a signature. */
function unsecured(subject: string): string {
  const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString("base64url");
  const now = Math.floor(Date.now() / 1_000);
  return `${part({ alg: "none" })}.${part({ sub: subject, iat: now, exp: now + 600 })}.`;
}

await withServers(kafkaServer, () => {
  let server: Kafka;
  let ca: Buffer;
  const secure = (): NonNullable<Kafka["secure"]> => server.secure ?? expect.unreachable();
  const bob = (): KafkaOptions => ({ url: secure().sasl, ca, username: "bob", password: USERS.bob });
  beforeAll(async () => {
    server = await kafkaServer.start({ secure: true });
    ca = await readFile(secure().ca);
  });
  afterAll(() => server.stop());

  test("TLS with a private authority works by its certificate, and not without", async () => {
    const { tls } = secure();
    await works({ url: tls, ca });
    await works({ url: `${tls}?ca=${encodeURIComponent(ca.toString())}` });
    const misconfigured = { code: "INVALID_CONFIG", retryable: false };
    expect(await tried({ url: tls })).toEqual(misconfigured);
    expect(await tried({ url: tls, ca, servername: "elsewhere.example" })).toEqual(misconfigured);
  });

  test("a client shows its certificate", async () => {
    const { tls, clientCert, clientKey } = secure();
    const [cert, key] = await Promise.all([readFile(clientCert), readFile(clientKey)]);
    await works({ url: tls, ca, cert, key });
  });

  test.for(["plain", "scram-sha-256", "scram-sha-512"] as const)(
    "%s: a user with a password of odd characters works, a wrong one is refused at once",
    async (mechanism) => {
      const { sasl } = secure();
      const { host } = new URL(sasl.replace("kafka+ssl:", "http:"));
      await works({ url: sasl, ca, mechanism, username: "ada", password: USERS.ada });
      const login = `ada:${encodeURIComponent(USERS.ada)}`;
      await works({ url: `kafka+ssl://${login}@${host}?mechanism=${mechanism}`, ca });
      for (const client of ["kafkajs", "platformatic"] as const) {
        for (const username of ["ada", "nobody"]) {
          expect(await tried({ url: sasl, ca, client, mechanism, username, password: "s3cret" })).toEqual(unauthorized);
        }
      }
    },
  );

  test("OAUTHBEARER asks for a token at each connection, and a wrong one is refused at once", async () => {
    const { sasl } = secure();
    let asked = 0;
    const token = (): string => {
      asked += 1;
      return unsecured("ada");
    };
    await works({ url: sasl, ca, token });
    await works({ url: sasl, ca, token: async () => token() });
    expect(asked).toBeGreaterThanOrEqual(2);
    expect(await tried({ url: sasl, ca, token: () => "no.token." })).toEqual(unauthorized);
  });

  test.for(["kafkajs", "platformatic"] as const)(
    "a client that does not speak as the server expects gets a hint: %s",
    async (client) => {
      const { tls, sasl } = secure();
      const urls = [tls.replace("+ssl", ""), server.url.replace("kafka:", "kafka+ssl:"), sasl];
      for (const url of urls) {
        const connecting = kafka({ url, client, ca }).connect(context, AbortSignal.timeout(8_000));
        await expect(connecting, url).rejects.toThrow(/TLS/);
      }
    },
  );

  test("of several hosts the first one that can be reached is used", async () => {
    const { host } = new URL(server.url.replace("kafka:", "http:"));
    await works({ url: `kafka://127.0.0.1:1,${host}` });
    expect(await tried({ url: "kafka://127.0.0.1:1,127.0.0.1:2" })).toEqual({ code: "UNAVAILABLE", retryable: true });
    expect(await tried({ url: "kafka://no-such-host.invalid" })).toEqual({ code: "UNAVAILABLE", retryable: true });
  });

  test.for(["kafkajs", "platformatic"] as const)(
    "a refused password speaks for all hosts, so no other host sees a connection: %s",
    async (client) => {
      const { host } = new URL(secure().sasl.replace("kafka+ssl:", "http:"));
      const other = await countingServer();
      const wrong = { ca, client, username: "ada", password: "s3cret" };
      expect(await tried({ url: `kafka+ssl://${host},${other.address}`, ...wrong })).toEqual(unauthorized);
      expect(other.connections()).toBe(0);
      // A host that cannot be reached speaks for itself only.
      await tried({ url: `kafka+ssl://127.0.0.1:1,${other.address}`, ...wrong });
      expect(other.connections()).toBeGreaterThan(0);
    },
  );

  test("a server that does not answer is given up after the timeout, and at once when the signal aborts", async () => {
    await server.pause();
    try {
      // On a busy machine it takes a moment until all threads of the server have stopped.
      await expect
        .poll(() => tried({ url: server.url, timeout: 1_000 }), { timeout: 20_000 })
        .toEqual({ code: "UNAVAILABLE", retryable: true });
      const since = Date.now();
      const connecting = kafka({ url: server.url }).connect(context, AbortSignal.timeout(200));
      await expect(connecting).rejects.toMatchObject({ name: "TimeoutError" });
      expect(Date.now() - since).toBeLessThan(1_000);
    } finally {
      await server.resume();
    }
  });

  test("an account without rights is FORBIDDEN to create, send and read", async () => {
    const maker = await kafka({ url: server.url }).connect(context, live);
    const entity = queue("closed");
    await maker.declare([entity], "create", live);
    // A fresh server is still choosing the node that gives producers their ids.
    await expect.poll(() => sent(maker, entity, [message("m")]), { timeout: 20_000 }).toEqual(["accepted"]);
    const driver = kafka(bob());
    const link = await driver.connect({ ...context, topology: "none" }, live);
    const code = (error: unknown): string => driver.classify(error).code;
    expect(await link.declare([queue("new")], "create", live).catch(code)).toBe("FORBIDDEN");
    const [fate] = await sent(link, entity, [message("m")]);
    expect(typeof fate === "object" && code(fate.error)).toBe("FORBIDDEN");
    expect(await link.open(entity, { window: 1 }, () => {}, live).catch(code)).toBe("FORBIDDEN");
    const source = await maker.open(entity, { window: 1 }, () => {}, live);
    expect((await take(source, 1)).map(({ id }) => id)).toEqual(["m"]);
    await source.close(live);
    await Promise.all([maker.close(live), link.close(live)]);
  });

  test("a consumer that may describe a topic but not read it ends with FORBIDDEN", async () => {
    const entity = queue("seen.q");
    const maker = await kafka({ url: server.url }).connect(context, live);
    await maker.declare([entity], "create", live);
    await allow(server.url, "bob", "seen.", [Operation.DESCRIBE]);
    const driver = kafka(bob());
    const link = await driver.connect({ ...context, topology: "none" }, live);
    const source = await link.open(entity, { window: 1 }, () => {}, live);
    expect(driver.classify(await source.lost)).toEqual({ code: "FORBIDDEN", retryable: false });
    await Promise.all([maker.close(live), link.close(live)]);
  }, 20_000);

  test("an account that may create nothing, with the rights that the README names, uses what is there", async () => {
    await using maker = await connect(server.url);
    await maker.declare({ queues: { "use.q": {} }, topics: { "use.t": { subscriptions: { all: {} } } } });
    await allow(server.url, "bob", "use.");
    for (const topology of ["verify", "none"] as const) {
      await using broker = await connect(kafka(bob()), { topology });
      const got = new Map<string, PromiseWithResolvers<void>>();
      const handle = async ({ attempt, body }: { readonly attempt: number; readonly body: string }): Promise<void> => {
        if (attempt === 1) throw new Error("once");
        got.get(body)?.resolve();
      };
      for (const kind of ["queue", "topic"]) got.set(`${topology} ${kind}`, Promise.withResolvers());
      const errors: unknown[] = [];
      const onError = (error: unknown): void => void errors.push(error);
      await broker.queue<string>("use.q").consume(handle, { onError });
      await broker.topic<string>("use.t").subscription("all").consume(handle, { onError });
      await broker.queue("use.q").send(`${topology} queue`);
      await broker.topic("use.t").publish(`${topology} topic`);
      await Promise.all([...got.values()].map(({ promise }) => promise));
      expect(errors).toEqual([new Error("once"), new Error("once")]);
    }
    await using broker = await connect(kafka(bob()));
    await expect(broker.queue("use.new").send("body")).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringContaining("use.new"),
    });
    await expect(broker.delete({ queues: ["use.q"] })).rejects.toMatchObject({
      code: "FORBIDDEN",
      message: expect.stringMatching(/group use\.q needs the rights Describe, Read and Delete/),
    });
  });

  test.for(["kafkajs", "platformatic"] as const)(
    "an account without the right to delete is told which topic and which right: %s",
    async (client) => {
      const name = `kept.${client}`;
      await using maker = await connect(server.url);
      await maker.declare({ queues: { [name]: {} }, topics: { [`${name}.t`]: { subscriptions: { all: {} } } } });
      await allow(server.url, "bob", "kept.", [Operation.DESCRIBE, Operation.READ]);
      await using broker = await connect(kafka({ ...bob(), client }), { topology: "none" });
      const refusal = { code: "FORBIDDEN", message: expect.stringMatching(`topic ${name}.* needs the right Delete`) };
      for (const what of [{ queues: [name] }, { topics: { [`${name}.t`]: {} } }]) {
        await expect(broker.delete(what)).rejects.toMatchObject(refusal);
      }
      await expect(broker.purge({ queues: [name] })).rejects.toMatchObject(refusal);
      await maker.queue(name).send("kept");
    },
  );
});

/** The rights that an account needs to use an existing topic. */
const USE: readonly Operation[] = [Operation.DESCRIBE, Operation.READ, Operation.WRITE, Operation.DELETE];

/** Lets an account use all topics with a prefix, and all groups, but create none. */
async function allow(url: string, account: string, prefix: string, operations = USE): Promise<void> {
  const admin = new PlainKafka({ brokers: [new URL(url.replace(/^kafka:/, "http:")).host] }).admin();
  await admin.connect();
  const principal = { principal: `User:${account}`, host: "*", permissionType: Permission.ALLOW };
  const topics = { resourceType: Resource.TOPIC, resourceName: prefix, resourcePatternType: Pattern.PREFIXED };
  const groups = { resourceType: Resource.GROUP, resourceName: "*", resourcePatternType: Pattern.LITERAL };
  const acl = [
    ...operations.map((operation) => ({ ...principal, ...topics, operation })),
    { ...principal, ...groups, operation: Operation.READ },
  ];
  await admin.createAcls({ acl });
  await admin.disconnect();
}
