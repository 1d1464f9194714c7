import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { createServer as createTlsServer } from "node:tls";
import { onTestFinished } from "vitest";

/** The address of a server that speaks no broker's protocol; it ends with the test. */
export function stranger(): Promise<string> {
  return addressOf(createServer((socket) => quiet(socket).end("HTTP/1.1 400 Bad Request\r\n\r\n")));
}

/** The same for a server that speaks only TLS. */
export function strangerWithTls(): Promise<string> {
  return addressOf(createTlsServer(quiet).on("tlsClientError", () => {}));
}

/** The same for a server that closes each connection at its first bytes. */
export function closingStranger(): Promise<string> {
  return addressOf(createServer((socket) => quiet(socket).once("data", () => socket.end())));
}

function quiet(socket: Socket): Socket {
  return socket.on("error", () => {}).resume();
}

async function addressOf(server: Server): Promise<string> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  // The cast is true of a server that listens on a port.
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
