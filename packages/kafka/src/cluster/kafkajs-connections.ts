import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type * as core from "@anybroker/core/driver";
import { closed, Ending, PromiseCache, unauthorized, unavailable } from "@anybroker/core/driver";
import type { AuthenticationProviderArgs, Authenticator, Mechanism, SASLOptions } from "kafkajs";
import { Kafka, logLevel } from "kafkajs";
import type { Settings } from "../options.ts";
import { watchFirstBytes } from "../protocol/first-bytes.ts";
import type { KnownRequests } from "../protocol/server-version.ts";
import {
  API_KEYS,
  type Broker,
  type ConnectionPool,
  KafkajsBroker,
  KafkajsPool,
  type PoolConnection,
  type Protocol,
  REQUESTS,
} from "./kafkajs-internals.ts";
import { SEED_NODE } from "./session.ts";

/** The connection of a pool that kafkajs uses for fetches, because the server responds to them late. */
const FETCH_CONNECTION = 1;

/** A node and the connections to it. */
interface Node {
  readonly broker: Broker;
  readonly pool: ConnectionPool;
}

/** Arguments that kafkajs passes to a socket factory. */
interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly ssl: object | null;
  readonly onConnect: () => void;
}

const SILENT_LOGGER: object = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  namespace: () => SILENT_LOGGER,
};

/** kafkajs itself with the driver's settings, for what anybroker does not offer. */
export function kafkajsFor({ hosts, tls, sasl, timeout, clientId }: Settings): Kafka {
  return new Kafka({
    brokers: hosts.map(({ host, port }) => `${host}:${port}`),
    clientId,
    connectionTimeout: timeout,
    logLevel: logLevel.NOTHING,
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
  });
}

function saslOptions(sasl: NonNullable<Settings["sasl"]>): SASLOptions | Mechanism {
  const { mechanism } = sasl;
  if (mechanism === "oauthbearer") return { mechanism, authenticationProvider: bearerAuthentication(sasl.token) };
  // The cast is true: each of these mechanisms takes a user and a password, but the types list them one by one.
  return { mechanism, username: sasl.username, password: sasl.password } as SASLOptions;
}

/** OAUTHBEARER as kafkajs does it, but kafkajs does not notice that the server refuses a token. */
function bearerAuthentication(
  token: () => string | Promise<string>,
): (args: AuthenticationProviderArgs) => Authenticator {
  return ({ saslAuthenticate }) => ({
    async authenticate() {
      const text = Buffer.from(`n,,\u0001auth=Bearer ${await token()}\u0001\u0001`);
      const size = Buffer.alloc(4);
      size.writeInt32BE(text.length);
      const response = {
        decode: (data: Buffer) => data,
        // A server that takes the token returns an empty text: a size of zero and nothing else.
        parse(data: Buffer) {
          if (data.length > 4) throw unauthorized("the server refused the token");
        },
      };
      await saslAuthenticate({ request: { encode: () => Buffer.concat([size, text]) }, response });
    },
  });
}

/** The connections to the nodes of a cluster. They are opened when they are needed, and end together. */
export class Connections {
  readonly contactedNodes: Set<number> = new Set();
  readonly fetchedNodes: Set<number> = new Set();
  readonly #settings: Settings;
  readonly #seed: core.Host;
  readonly #addresses = new Map<number, core.Host>();
  readonly #nodes = new PromiseCache<number, Node>();
  /** If two fetches from a node connected at once, one connection would be left behind. */
  readonly #fetchConnections = new PromiseCache<Node, unknown>();
  readonly #sockets = new Set<Socket>();
  /** The error for a server that is not a Kafka server. */
  #foreign: Error | undefined;
  readonly #ending = new Ending((reason) => {
    // Without an error, kafkajs does not reject the requests that wait for a response.
    const error = reason instanceof Error ? reason : unavailable("the connection ended", reason);
    for (const socket of this.#sockets) socket.destroy(error);
  });

  constructor(settings: Settings, seed: core.Host) {
    this.#settings = settings;
    this.#seed = seed;
    this.#addresses.set(SEED_NODE, seed);
  }

  get lost(): Promise<unknown> {
    return this.#ending.lost;
  }

  setAddress(node: number, { host, port }: core.Host): void {
    this.#addresses.set(node, { host, port });
  }

  /** The requests that the first server knows. */
  async knownRequests(): Promise<KnownRequests> {
    const { broker } = await this.#node(SEED_NODE);
    return new Map(Object.entries(broker.versions).map(([key, { maxVersion }]) => [Number(key), maxVersion]));
  }

  close(): void {
    this.#ending.end(unavailable("the connection was closed"));
  }

  /** Sends a request to one node and returns the whole response. kafkajs would throw the first error in it. */
  async request<T>(nodeId: number, name: string, fields: object, decode?: Protocol["response"]["decode"]): Promise<T> {
    const node = await this.#node(nodeId);
    this.contactedNodes.add(nodeId);
    if (name === "Fetch") {
      this.fetchedNodes.add(nodeId);
      await this.#fetchConnections.get(node, () => node.pool.getConnection(FETCH_CONNECTION));
    }
    const protocol = node.broker.lookupRequest(API_KEYS[name] ?? -1, REQUESTS[name])(fields);
    const request = {
      ...protocol,
      logResponseError: false,
      response: {
        decode: decode ?? protocol.response.decode,
        parse: async (data: unknown) => data,
      },
    };
    try {
      // The cast is true: each caller names the type of its request's response.
      return (await node.pool.send(request)) as T;
    } catch (error) {
      // The server is silent: no other request on this connection will have a response in time either.
      if (error instanceof Error && error.name === "KafkaJSRequestTimeoutError") this.#ending.end(error);
      throw error;
    }
  }

  #node(id: number): Promise<Node> {
    return this.#nodes.get(id, () => {
      const address = this.#addresses.get(id);
      if (address === undefined) return Promise.reject(unavailable(`the address of Kafka node ${id} is unknown`));
      const isSeed = id !== SEED_NODE && address.host === this.#seed.host && address.port === this.#seed.port;
      return isSeed ? this.#node(SEED_NODE) : this.#connect(address);
    });
  }

  async #connect({ host, port }: core.Host): Promise<Node> {
    const { tls, sasl, timeout, clientId } = this.#settings;
    const pool = new KafkajsPool({
      host,
      port,
      clientId,
      logger: SILENT_LOGGER,
      ssl: tls ?? null,
      sasl: sasl === undefined ? null : saslOptions(sasl),
      connectionTimeout: timeout,
      requestTimeout: timeout,
      enforceRequestTimeout: true,
      maxInFlightRequests: null,
      // The cast is true: it is what kafkajs passes to its socket factory.
      socketFactory: (options: object) => this.#socket(options as SocketOptions),
    });
    for (const { requestQueue } of pool.pool) checkOnlyWhilePending(requestQueue);
    const broker = new KafkajsBroker({
      connectionPool: pool,
      logger: SILENT_LOGGER,
      authenticationTimeout: timeout,
    });
    try {
      await broker.connect();
    } catch (error) {
      throw this.#foreign ?? error;
    }
    return { broker, pool };
  }

  #socket({ host, port, ssl, onConnect }: SocketOptions): Socket {
    if (this.#ending.over) throw closed("the connection was closed");
    const servername = isIP(host) ? {} : { servername: host };
    const socket = ssl
      ? connectTls({ host, port, ...servername, ...ssl }, onConnect)
      : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, 60_000).setNoDelay(true);
    this.#sockets.add(socket);
    const lose = (): void => this.#ending.end(unavailable("the connection was lost"));
    // A failed attempt to connect ends nothing: the cluster may not know yet that a node is down.
    socket.once("connect", () => socket.once("close", lose));
    watchFirstBytes(socket, (error) => {
      this.#foreign = error;
      this.#ending.end(error);
    });
    return socket;
  }
}

/** kafkajs checks a thousand times a second for pending requests, even when there are none. */
function checkOnlyWhilePending(queue: PoolConnection["requestQueue"]): void {
  const schedule = queue.scheduleCheckPendingRequests.bind(queue);
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule();
  };
}
