import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { ServiceBusClient } from "@azure/service-bus";
import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, plainClient, receiveOne } from "./with-emulator.ts";

/** Sends bytes, and resolves when the emulator has ended the connection. */
async function sendAndWaitForEnd(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  socket.write(bytes);
  if (!socket.closed) await once(socket, "close");
}

/** Sends bytes and hangs up. */
async function sendAndHangUp(port: number, bytes: Buffer): Promise<void> {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => undefined);
  socket.resume();
  socket.end(bytes);
  await once(socket, "close");
}

/** What a client sends to the emulator while a function uses it. */
async function recorded(port: number, use: (client: ServiceBusClient) => Promise<unknown>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  const sockets: Socket[] = [];
  const proxy = createServer((socket) => {
    const onward = connect(port, "127.0.0.1");
    sockets.push(socket, onward);
    for (const one of [socket, onward]) one.on("error", () => undefined);
    socket.on("data", (chunk: Buffer) => chunks.push(chunk));
    socket.pipe(onward).pipe(socket);
  });
  proxy.listen(0, "127.0.0.1");
  await once(proxy, "listening");
  const address = proxy.address();
  const proxyPort = typeof address === "object" && address !== null ? address.port : 0;
  const client = new ServiceBusClient(
    `Endpoint=sb://127.0.0.1:${proxyPort};SharedAccessKeyName=RootManageSharedAccessKey;SharedAccessKey=SAS_KEY_VALUE;UseDevelopmentEmulator=true;`,
  );
  await use(client);
  await client.close();
  for (const socket of sockets) socket.destroy();
  proxy.close();
  return Buffer.concat(chunks);
}

async function conversation(client: ServiceBusClient): Promise<void> {
  await client.createSender("q").sendMessages({ body: "x", applicationProperties: { n: 1 } });
  const receiver = client.createReceiver("q");
  await receiver.completeMessage(await receiveOne(receiver));
  await receiver.peekMessages(1);
}

// A generator of its own, so that a failure can be repeated.
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state % below;
  };
}

async function stillWorks(connectionString: string): Promise<void> {
  const client = clientForTest(connectionString);
  await client.createSender("alive").sendMessages({ body: "yes" });
  const receiver = client.createReceiver("alive", { receiveMode: "receiveAndDelete" });
  expect((await receiveOne(receiver)).body).toBe("yes");
}

test("bytes that are no protocol end their connection only", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("alive");
  const header = Buffer.from("AMQP\x00\x01\x00\x00", "latin1");
  for (const bytes of [
    Buffer.from([0, 1, 2, 3]),
    Buffer.from("AMQP\x00\x00\x09\x01", "latin1"),
    Buffer.from("AMQX\x00\x01\x00\x00", "latin1"),
    // An empty frame, one that is too short, one with a wrong data offset, one of an unknown type.
    Buffer.concat([header, Buffer.from("0000000000000000", "hex")]),
    Buffer.concat([header, Buffer.from("0000000502000000", "hex")]),
    Buffer.concat([header, Buffer.from("00000009010000004500", "hex")]),
    Buffer.concat([header, Buffer.from("00000009020700004500", "hex")]),
    // A frame of 2 GB, and a performative that is none.
    Buffer.concat([header, Buffer.from("7fffffff02000000005310", "hex")]),
    Buffer.concat([header, Buffer.from("0000000c0200000000537f45", "hex")]),
    Buffer.from("\x16\x03\x01\x00\x05hello", "latin1"),
  ]) {
    await sendAndWaitForEnd(emulator.port, bytes);
  }
  await stillWorks(emulator.connectionString);
});

test("a conversation that is cut off anywhere, or damaged, ends its connection only", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  emulator.namespace.createQueue("alive");
  const bytes = await recorded(emulator.port, conversation);
  const random = randomNumbers(7);
  for (let n = 0; n < 300; n++) {
    const length = 8 + random(bytes.length - 8);
    await sendAndHangUp(emulator.port, bytes.subarray(0, length));
    const damaged = Buffer.from(bytes);
    for (let times = 0; times <= random(4); times++) damaged[random(damaged.length)] = random(256);
    await sendAndHangUp(emulator.port, damaged);
  }
  await stillWorks(emulator.connectionString);
});

test("a payload that is no message is refused, and the link goes on", async () => {
  const emulator = await emulatorForTest();
  const { queue } = emulator.namespace.createQueue("q");
  const connection = plainClient(emulator.port);
  const sender = connection.open_sender("q");
  await once(sender, "sendable");
  sender.send(Buffer.from("no message"), "1", 0);
  const [{ delivery }] = await once(sender, "rejected");
  expect(delivery.remote_state.error.condition).toBe("amqp:decode-error");
  sender.send({ body: "a message" });
  await once(sender, "accepted");
  expect(queue.count("active")).toBe(1);
});

test("10,000 links are served", async () => {
  const emulator = await emulatorForTest();
  const { queue } = emulator.namespace.createQueue("q");
  const connection = plainClient(emulator.port);
  const got = new Set<unknown>();
  let open = 0;
  connection.on("receiver_open", () => open++);
  connection.on("message", ({ receiver, message }) => {
    got.add(message?.body);
    receiver?.close();
  });
  for (let session = 0; session < 4; session++) {
    const one = connection.create_session();
    one.open();
    for (let n = 0; n < 2_500; n++) {
      one.open_receiver({ name: `${session}-${n}`, source: "q", credit_window: 0 }).add_credit(1);
    }
  }
  await expect.poll(() => open, { timeout: 60_000 }).toBe(10_000);
  const sender = connection.open_sender("q");
  await once(sender, "sendable");
  for (let n = 0; n < 100; n++) sender.send({ body: n });
  await expect.poll(() => got.size, { timeout: 60_000 }).toBe(100);
  await expect.poll(() => queue.count("active")).toBe(0);
});
