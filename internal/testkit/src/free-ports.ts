import { once } from "node:events";
import { createServer, type Server } from "node:net";

// Below the range from which the system takes local ports for outgoing connections. While a server with a port of that
// range is down, a client that keeps connecting ends up connected to itself, and the server cannot start again.
const first = 15_000;
const count = 15_000;

async function listen(): Promise<Server> {
  for (;;) {
    const server = createServer();
    server.listen(first + Math.floor(Math.random() * count), "127.0.0.1");
    const opened = await once(server, "listening").catch((error: NodeJS.ErrnoException) => error.code);
    if (opened !== "EADDRINUSE") return server;
  }
}

/** Returns this many different ports of 127.0.0.1 that are free at this moment. */
export async function freePorts(wanted: number): Promise<readonly number[]> {
  const servers: Server[] = [];
  while (servers.length < wanted) servers.push(await listen());
  const ports = servers.map((server) => {
    const address = server.address();
    if (address === null || typeof address === "string") throw new Error("a TCP server without a port");
    return address.port;
  });
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}
