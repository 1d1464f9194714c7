import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";
import { expect, onTestFinished, test } from "vitest";
import { ProxiedConnection } from "../src/proxied-connection.ts";
import { startProxy, type TcpProxy } from "../src/proxy.ts";

/** A server that sends back what it gets, with a proxy before it. */
async function echoBehindProxy(): Promise<TcpProxy> {
  const server = createServer((socket) => socket.on("error", () => undefined).pipe(socket));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  // The address of a TCP server is an object.
  const proxy = await startProxy((server.address() as AddressInfo).port);
  onTestFinished(async () => {
    await proxy.close();
    server.close();
  });
  return proxy;
}

async function open(proxy: TcpProxy): Promise<Socket> {
  const socket = connect(proxy.port, "127.0.0.1");
  onTestFinished(() => {
    socket.destroy();
  });
  await once(socket, "connect");
  return socket;
}

async function echo(socket: Socket, text: string): Promise<string> {
  socket.write(text);
  let back = "";
  while (back.length < text.length) back += String((await once(socket, "data"))[0]);
  return back;
}

const resets = (socket: Socket) => new Promise<string>((resolve) => socket.once("error", (e) => resolve(e.message)));

test("bytes pass in both directions, and an end closes the other", async () => {
  const proxy = await echoBehindProxy();
  const socket = await open(proxy);
  const big = "x".repeat(5_000_000);
  expect(await echo(socket, big)).toBe(big);
  const closed = once(socket, "close");
  socket.end();
  await closed;
});

test("a connection that is cut just as one of its ends says its end is closed", { timeout: 30_000 }, async () => {
  const proxy = await echoBehindProxy();
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const accepted = once(server, "connection");
  // The address of a TCP server is an object.
  const client = connect((server.address() as AddressInfo).port, "127.0.0.1").on("error", () => undefined);
  onTestFinished(() => {
    client.destroy();
    server.close();
  });
  // The cast is true: it is the event's argument.
  const [near] = (await accepted) as [Socket];
  const far = await open(proxy);
  const link = new ProxiedConnection(
    near,
    far,
    () => 0,
    (bytes) => bytes,
  );
  near.once("end", () => link.cut());
  client.end();
  await link.closed;
});

test("a URL keeps everything but its host and port", async () => {
  const proxy = await echoBehindProxy();
  expect(proxy.through("amqp://u:p%40@host:5672/v?heartbeat=1")).toBe(
    `amqp://u:p%40@127.0.0.1:${proxy.port}/v?heartbeat=1`,
  );
});

test("a cut resets open connections, and new ones work", async () => {
  const proxy = await echoBehindProxy();
  const socket = await open(proxy);
  await echo(socket, "before");
  const reset = resets(socket);
  proxy.cut();
  expect(await reset).toContain("ECONNRESET");
  expect(await echo(await open(proxy), "after")).toBe("after");
  expect(proxy.connections.made).toBe(2);
});

test("a cut after so many bytes resets the connection in which they pass, and no other", async () => {
  const proxy = await echoBehindProxy();
  const [socket, other] = [await open(proxy), await open(proxy)];
  await echo(socket, "before");
  let back = "";
  socket.on("data", (chunk) => {
    back += String(chunk);
  });
  const reset = resets(socket);
  const cut = proxy.cutAfter(7);
  socket.write("123456");
  await cut;
  expect(await reset).toContain("ECONNRESET");
  // Six bytes to the server, and at most one back.
  expect("1".startsWith(back)).toBe(true);
  expect(await echo(other, "after")).toBe("after");
});

test("while it is down connections are refused", async () => {
  const proxy = await echoBehindProxy();
  const socket = await open(proxy);
  const reset = resets(socket);
  await proxy.down();
  await reset;
  await expect(open(proxy)).rejects.toThrow("ECONNREFUSED");
  await proxy.up();
  expect(await echo(await open(proxy), "back")).toBe("back");
});

test("a stall holds every byte, also of new connections, and loses none", async () => {
  const proxy = await echoBehindProxy();
  const socket = await open(proxy);
  await echo(socket, "before");
  proxy.stall();
  const late = await open(proxy);
  const first = Promise.race([echo(socket, "held").then(() => "echo"), echo(late, "held").then(() => "echo")]);
  const other = await echoBehindProxy();
  // Another proxy's round trips are the clock: the stalled bytes would long be back.
  for (let trip = 0; trip < 20; trip++) await echo(await open(other), "tick");
  expect(await Promise.race([first, Promise.resolve("nothing")])).toBe("nothing");
  proxy.flow();
  expect(await first).toBe("echo");
});

test("a half-open connection stays silent when the rest flows again, and neither end is told", async () => {
  const proxy = await echoBehindProxy();
  const socket = await open(proxy);
  await echo(socket, "before");
  let heard = false;
  for (const event of ["data", "error", "close", "end"]) socket.on(event, () => (heard = true));
  proxy.halfOpen();
  socket.write("lost");
  proxy.flow();
  for (let trip = 0; trip < 20; trip++) await echo(await open(proxy), "tick");
  expect(heard).toBe(false);
});

test("a delay holds in both directions and keeps the order", async () => {
  const proxy = await echoBehindProxy();
  const socket = await open(proxy);
  proxy.delay(50);
  const since = performance.now();
  const sent = ["one ", "two ", "three ", "four"];
  for (const word of sent.slice(0, 3)) socket.write(word);
  proxy.delay(10);
  socket.write("four");
  let back = "";
  while (back.length < sent.join("").length) back += String((await once(socket, "data"))[0]);
  expect(back).toBe(sent.join(""));
  expect(performance.now() - since).toBeGreaterThanOrEqual(20);
});
