import { connect } from "node:net";
import { text } from "node:stream/consumers";
import { expect, test } from "vitest";
import { adminForTest, emulatorForTest } from "./with-emulator.ts";

test("a queue may have the name of the health endpoint", async () => {
  const emulator = await emulatorForTest();
  const admin = await adminForTest(emulator);
  await admin.createQueue("health");
  expect((await admin.getQueue("health")).name).toBe("health");
  const response = await fetch(`http://127.0.0.1:${emulator.port}/health`);
  expect(await response.json()).toEqual({ status: "healthy" });
});

test.each(["//", "/other", "*"])("a WebSocket at '%s' is refused, and the emulator goes on", async (path) => {
  const { port } = await emulatorForTest();
  const socket = connect(port, "127.0.0.1");
  socket.write(
    `GET ${path} HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
      "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
  );
  expect(await text(socket)).toMatch(/^HTTP\/1\.1 404 /);
  expect((await fetch(`http://127.0.0.1:${port}/health`)).status).toBe(200);
});
