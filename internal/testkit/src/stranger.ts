import { once } from "node:events";
import { type AddressInfo, createServer } from "node:net";
import { onTestFinished } from "vitest";

/** The address of a server that speaks no broker's protocol; it ends with the test. */
export async function stranger(): Promise<string> {
  const server = createServer((socket) =>
    socket
      .on("error", () => {})
      .resume()
      .end("HTTP/1.1 400 Bad Request\r\n\r\n"),
  );
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  onTestFinished(() => void server.close());
  // The cast is true of a server that listens on a port.
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
