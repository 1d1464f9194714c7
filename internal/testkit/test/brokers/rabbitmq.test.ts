import { execFile, fork } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type ChannelModel, connect } from "amqplib";
import { afterAll, beforeAll, expect, onTestFinished, test } from "vitest";
import { type Rabbitmq, rabbitmq } from "../../src/brokers/rabbitmq.ts";
import { withServers } from "../../src/brokers/with-servers.ts";
import { until } from "../../src/until.ts";
import type { Started } from "./start-and-wait.ts";

const options = { noAck: true } as const;

async function channelAt(url: string, socketOptions?: object) {
  const connection = await connect(url, socketOptions);
  connection.on("error", () => undefined);
  const channel = await connection.createConfirmChannel();
  channel.on("error", () => undefined);
  onTestFinished(() => connection.close().catch(() => undefined));
  return { connection, channel };
}

// `once` of node:events would reject with the "error" that comes first.
const next = (connection: ChannelModel, event: "close" | "blocked" | "unblocked") =>
  new Promise<unknown>((resolve) => connection.once(event, resolve));

await withServers(rabbitmq, () => {
  let server: Rabbitmq;
  beforeAll(async () => {
    server = await rabbitmq.start({ tls: true });
  });
  afterAll(() => server.stop());

  test("it says its version and where it comes from", () => {
    expect(server.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(server.how).toMatch(/^started/);
    expect(server.ours).toBe(true);
  });

  test("a killed server drops its connections, and comes back on the same port with what it confirmed", async () => {
    const { connection, channel } = await channelAt(server.url);
    await channel.assertQueue("kept", { durable: true, arguments: { "x-queue-type": "quorum" } });
    channel.sendToQueue("kept", Buffer.from("here"), { persistent: true });
    await channel.waitForConfirms();
    await server.persist();
    const closed = next(connection, "close");
    await server.kill();
    await closed;
    await expect(connect(server.url)).rejects.toThrow("ECONNREFUSED");

    await server.restart();
    const again = await channelAt(server.url);
    const message = await until("the queue has its message again", 10_000, async () => {
      const got = await again.channel.get("kept", options);
      if (got === false) throw new Error("nothing there");
      return got;
    });
    expect(message.content.toString()).toBe("here");
  });

  test("a paused server replies when it is resumed", async () => {
    const { channel } = await channelAt(server.url);
    await server.pause();
    let answered = false;
    const reply = channel.assertQueue("", { exclusive: true }).then(() => {
      answered = true;
    });
    // A server that runs replies faster than another process starts and ends.
    await promisify(execFile)("sh", ["-c", "ps >/dev/null; sleep 0.2"]);
    expect(answered).toBe(false);
    await server.resume();
    await reply;
  });

  test("under the memory alarm the server blocks publishers until the alarm is lifted", async () => {
    const { connection, channel } = await channelAt(server.url);
    await channel.assertQueue("alarmed", { exclusive: true });
    const blocked = next(connection, "blocked");
    await server.alarm(true);
    channel.sendToQueue("alarmed", Buffer.from("waits"));
    await blocked;
    const unblocked = next(connection, "unblocked");
    await server.alarm(false);
    await unblocked;
    await channel.waitForConfirms();
  });

  test("a user has the permissions given and no others", async () => {
    const url = await server.createUser({ name: "reader", password: "p@ss/word", permissions: { read: ".*" } });
    const { channel } = await channelAt(url);
    await expect(channel.assertQueue("forbidden")).rejects.toThrow("ACCESS_REFUSED");
  });

  test("the TLS listener is trusted with the private authority, and not without", async () => {
    const { tls } = server;
    if (tls === undefined) throw new Error("no TLS listener");
    await expect(connect(tls.url)).rejects.toThrow(/certificate/);
    const [ca, cert, key] = await Promise.all([tls.ca, tls.clientCert, tls.clientKey].map((path) => readFile(path)));
    const { channel } = await channelAt(tls.url, { ca: [ca], cert, key });
    await channel.assertQueue("", { exclusive: true });
  });

  const reaped = process.env.TESTCONTAINERS_RYUK_DISABLED !== "true";
  test.runIf(reaped)("nothing is left when the process that started a server is killed", async () => {
    const child = fork(join(import.meta.dirname, "start-and-wait.ts"), { execArgv: [] });
    const [started] = (await once(child, "message")) as [Started];
    expect(existsSync(started.folder)).toBe(true);
    const exit = once(child, "exit");
    child.kill("SIGKILL");
    expect(await exit).toEqual([null, "SIGKILL"]);
    await until("the server is gone", 40_000, async () => {
      await expect(whyNot(started.url)).resolves.toBe("ECONNREFUSED");
      expect(existsSync(started.folder)).toBe(false);
      expect(await runningWith(started.folder)).toEqual([]);
    });
  });
});

/** The code with which a connection is refused. */
async function whyNot(url: string): Promise<string | undefined> {
  try {
    const connection = await connect(url, { timeout: 2000 });
    await connection.close();
    return undefined;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code;
  }
}

/** The living processes whose command or environment names the folder. */
async function runningWith(folder: string): Promise<readonly string[]> {
  const { stdout } = await promisify(execFile)("ps", ["-axeww", "-o", "stat=,args="], { maxBuffer: 64 * 1024 * 1024 });
  return stdout.split("\n").filter((line) => line.includes(folder) && !line.startsWith("Z"));
}
