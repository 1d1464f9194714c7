import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { inspect } from "node:util";
import { connect } from "@anybroker/core";
import { live, message, queue, reading, sent, settle, takeOne } from "@anybroker-internal/testkit/link";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { expect, onTestFinished, test } from "vitest";
import { connect as connectToServicebus, servicebus } from "../src/index.ts";
import { contextOf, cut, emulatorForTest, open, urlOf } from "./harness.ts";

/** The port of a server that treats each client in this way. */
async function portOf(treat: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}));
    treat(socket);
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

/** Why a broker object cannot be made for a host. */
async function refusal(host: string, key = "s3cret"): Promise<unknown> {
  const driver = servicebus({ url: `servicebus://RootManageSharedAccessKey:${key}@${host}?emulator=true` });
  return connect(driver, { connectTimeout: 1_500, logger: quietLogger }).catch((thrown: unknown) => thrown);
}

test("a wrong key is UNAUTHORIZED at once, and no secret is in the error", async () => {
  const { port } = await emulatorForTest();
  const error = await refusal(`127.0.0.1:${port}`);
  expect(error).toMatchObject({
    code: "UNAUTHORIZED",
    retryable: false,
    message: expect.stringContaining("InvalidSig"),
  });
  expect(inspect(error, { depth: 20, showHidden: true })).not.toContain("s3cret");
  expect(JSON.stringify(error)).not.toContain("s3cret");
});

test("a server that speaks another protocol is INVALID_CONFIG, and named", async () => {
  const port = await portOf((socket) => socket.end("HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n"));
  const error = await refusal(`127.0.0.1:${port}`);
  expect(error).toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringContaining(`127.0.0.1:${port} is no Azure`),
  });
});

test("a server that says nothing, none, and a host that does not exist are UNAVAILABLE or TIMEOUT in time", async () => {
  const silent = await portOf(() => {});
  const gone = await portOf((socket) => socket.destroy());
  const hosts = [`127.0.0.1:${silent}`, `127.0.0.1:${gone}`, "127.0.0.1:1", "namespace.invalid"];
  const errors = await Promise.all(hosts.map((host) => refusal(host)));
  for (const error of errors) expect(error).toMatchObject({ code: expect.stringMatching(/^(UNAVAILABLE|TIMEOUT)$/) });
  expect(errors[3]).toMatchObject({ message: expect.stringContaining("namespace.invalid") });
});

test("a connection string connects, and so does a URL", async () => {
  const emulator = await emulatorForTest();
  for (const target of [emulator.connectionString, urlOf(emulator)]) {
    await using broker = await connectToServicebus(target);
    expect((await broker.health()).status).toBe("up");
  }
});

test("a key for one entity uses that one, and no other one", async () => {
  const emulator = await emulatorForTest({ keys: [{ name: "one", key: "1", entity: "orders" }] });
  emulator.namespace.createQueue("orders", { lockDuration: 30_000 });
  const url = `${emulator.connectionString}EntityPath=orders`;
  const link = await open(emulator, { url }, { topology: "none" });
  expect(await sent(link, queue("orders"), [message("a")])).toEqual(["accepted"]);
  await expect(link.declare([queue("orders")], "create", live)).resolves.toEqual([]);
  await expect(link.send(queue("mails"), [message("a")], () => {}, live)).rejects.toMatchObject({
    code: "INVALID_CONFIG",
    message: expect.stringContaining("for orders only"),
  });
});

test("a link ends with its connection, although the SDK would connect again", async () => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  cut(link);
  await expect(link.lost).resolves.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("cut") });
});

test("a link ends when the service closes its connection", async () => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  emulator.faults.closeConnections();
  await expect(link.lost).resolves.toMatchObject({ code: "UNAVAILABLE" });
});

test("a link ends when its socket is closed without an error, which the SDK does not notice", async () => {
  const link = await open(await emulatorForTest());
  contextOf(link.native.client).connection._connection.socket.destroy();
  await expect(link.lost).resolves.toMatchObject({ code: "UNAVAILABLE", message: expect.stringContaining("closed") });
});

test("the socket sends small frames at once", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  const source = await reading(link, queue("orders"));
  const times: number[] = [];
  for (let round = 0; round < 40; round += 1) {
    const started = performance.now();
    await sent(link, queue("orders"), [message(`m${round}`)]);
    await settle(source, { action: "ack", delivery: await takeOne(source) });
    times.push(performance.now() - started);
  }
  // With Nagle's algorithm and delayed acknowledgements of TCP, most rounds take 40 ms or more. On a busy machine some do so
  // without.
  times.sort((one, other) => one - other);
  expect(times[10]).toBeLessThan(30);
});
