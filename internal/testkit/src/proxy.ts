import { once } from "node:events";
import { connect, createServer, type Server, type Socket } from "node:net";
import { freePorts } from "./free-ports.ts";
import { ProxiedConnection } from "./proxied-connection.ts";

/** A TCP proxy on 127.0.0.1 that can fail as networks do. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** How many connections clients have made, and how many are open. */
  readonly connections: { readonly made: number; readonly open: number };
  /** The URL with this proxy in the place of its host and port. */
  through(url: string): string;
  /** Resets every open connection, on both sides. */
  cut(): void;
  /** Lets this many further bytes pass, over all connections together, then resets the one that carries more. */
  cutAfter(bytes: number): Promise<void>;
  /** Cuts, and refuses new connections until `up()`. */
  down(): Promise<void>;
  up(): Promise<void>;
  /** From now on no byte passes in either direction. Nothing is closed or lost. */
  stall(): void;
  /** Ends `stall()`. */
  flow(): void;
  /** Every open connection goes silent forever, as when a router forgets it: neither end notices. New connections work. */
  halfOpen(): void;
  /** Delays every further byte by this many ms. */
  delay(ms: number): void;
  close(): Promise<void>;
}

function listenAt(server: Server, port: number): Promise<unknown> {
  server.listen(port, "127.0.0.1");
  return once(server, "listening");
}

/** Starts a proxy to a port of 127.0.0.1, on the port `on`, or else on a free one. */
export async function startProxy(target: number, on?: number): Promise<TcpProxy> {
  const links = new Set<ProxiedConnection>();
  let made = 0;
  let latency = 0;
  let stalled = false;
  let budget = Number.POSITIVE_INFINITY;
  let cutDone = (): void => undefined;

  const allowance = (bytes: number): number => {
    const allowed = Math.min(bytes, budget);
    budget -= allowed;
    if (allowed === bytes) return allowed;
    budget = Number.POSITIVE_INFINITY;
    cutDone();
    return allowed;
  };
  const server = createServer({ noDelay: true }, (client: Socket) => {
    made += 1;
    const link = new ProxiedConnection(
      client,
      connect({ port: target, host: "127.0.0.1", noDelay: true }),
      () => latency,
      allowance,
    );
    links.add(link);
    void link.closed.then(() => links.delete(link));
    if (stalled) link.stall();
  });
  const port = on ?? (await freePorts(1))[0] ?? 0;
  await listenAt(server, port);

  const cut = () => {
    for (const link of links) link.cut();
  };
  const down = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    cut();
    for (const link of links) await link.closed;
    await closed;
  };
  return {
    port,
    get connections() {
      return { made, open: links.size };
    },
    through: (url) => {
      const own = new URL(url);
      own.host = `127.0.0.1:${port}`;
      return own.href;
    },
    cut,
    cutAfter: (bytes) =>
      new Promise((resolve) => {
        budget = bytes;
        cutDone = resolve;
      }),
    down,
    up: async () => {
      await listenAt(server, port);
    },
    stall: () => {
      stalled = true;
      for (const link of links) link.stall();
    },
    flow: () => {
      stalled = false;
      for (const link of links) link.flow();
    },
    halfOpen: () => {
      for (const link of links) link.abandon();
    },
    delay: (ms) => {
      latency = ms;
    },
    close: down,
    [Symbol.asyncDispose]: down,
  };
}
