import { createRequire } from "node:module";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import type * as core from "@anybroker/core/driver";
import { BrokerError } from "@anybroker/core/driver";
import type { AuthenticationProviderArgs, Authenticator, Mechanism, SASLOptions } from "kafkajs";
import { Kafka, logLevel } from "kafkajs";
import type { Settings } from "../options.ts";
import { SEED } from "./session.ts";

/** A request in kafkajs's terms: how to write it, and how to read the answer. */
interface Protocol {
  readonly response: {
    readonly decode: (data: Buffer) => Promise<unknown>;
    readonly parse: (data: unknown) => Promise<unknown>;
  };
}

/** One connection of kafkajs, as far as it is needed to mend it. */
interface Connection {
  readonly requestQueue: { scheduleCheckPendingRequests: () => void; readonly pending: readonly unknown[] };
}

interface ConnectionPool {
  readonly pool: readonly Connection[];
  /** The second one is for fetches, which the server answers late. */
  getConnection(index: number): Promise<unknown>;
  send(request: Protocol): Promise<unknown>;
}

interface Broker {
  readonly versions: Readonly<Record<number, { readonly maxVersion: number }>>;
  connect(): Promise<void>;
  lookupRequest(key: number, request: unknown): (args: object) => Protocol;
}

/** A server, and the connections to it. */
interface Node {
  readonly broker: Broker;
  readonly pool: ConnectionPool;
  /** Two that connect at once would leave a connection behind. */
  fetching?: Promise<unknown>;
}

/**
 * What is under kafkajs's own producer and consumer. Those retry without end, block on slow handlers, forget where they
 * were at each rebalance and fail a whole request for one partition; so only its codec, its connections and its
 * authentication are used. kafkajs 2.2.4 is its last release: what is not exported does not change either.
 */
export const inner: NodeJS.Require = createRequire(import.meta.url);
// The casts are true of kafkajs 2.2.4, the only version this package depends on.
const BrokerOf = inner("kafkajs/src/broker") as new (options: object) => Broker;
const PoolOf = inner("kafkajs/src/network/connectionPool") as new (options: object) => ConnectionPool;
const { requests } = inner("kafkajs/src/protocol/requests") as { readonly requests: Record<string, unknown> };
const KEYS = inner("kafkajs/src/protocol/requests/apiKeys") as Record<string, number>;

const silent: object = {
  ...Object.fromEntries(["debug", "info", "warn", "error"].map((level) => [level, () => {}])),
  namespace: () => silent,
};

/** What kafkajs itself offers, with the same settings. */
export function nativeOf({ hosts, tls, sasl, timeout, clientId }: Settings): Kafka {
  return new Kafka({
    brokers: hosts.map(({ host, port }) => `${host}:${port}`),
    ...{ clientId, connectionTimeout: timeout, logLevel: logLevel.NOTHING },
    ...(tls === undefined ? {} : { ssl: tls }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
  });
}

function saslOf(sasl: NonNullable<Settings["sasl"]>): SASLOptions | Mechanism {
  const { mechanism } = sasl;
  if (mechanism === "oauthbearer") return { mechanism, authenticationProvider: bearer(sasl.token) };
  // The cast is true: each of these mechanisms takes a user and a password, which the types say one by one.
  return { mechanism, username: sasl.username, password: sasl.password } as SASLOptions;
}

/** OAUTHBEARER as kafkajs does it, which does not look whether the server has refused the token. */
function bearer(token: () => string | Promise<string>): (args: AuthenticationProviderArgs) => Authenticator {
  return ({ saslAuthenticate }) => ({
    async authenticate() {
      const text = Buffer.from(`n,,\u0001auth=Bearer ${await token()}\u0001\u0001`);
      const size = Buffer.alloc(4);
      size.writeInt32BE(text.length);
      const response = {
        decode: (data: Buffer) => data,
        // A refusal is more than the size of nothing.
        parse(data: Buffer) {
          if (data.length > 4) throw new BrokerError("UNAUTHORIZED", "the server does not take the token");
        },
      };
      await saslAuthenticate({ request: { encode: () => Buffer.concat([size, text]) }, response });
    },
  });
}

/** The connections to the nodes of a cluster, made when they are needed; they live and die together. */
export class Connections {
  readonly lost: Promise<unknown>;
  readonly asked: Set<number> = new Set();
  readonly fetched: Set<number> = new Set();
  readonly #settings: Settings;
  readonly #end: (reason: unknown) => void;
  readonly #nodes = new Map<number, Promise<Node>>();
  readonly #addresses = new Map<number, core.Host>();
  readonly #sockets = new Set<Socket>();
  readonly #seed: core.Host;
  #closed = false;

  constructor(settings: Settings, seed: core.Host) {
    this.#settings = settings;
    this.#seed = seed;
    this.#addresses.set(SEED, seed);
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    this.#end = resolve;
  }

  /** A node has this address. */
  learn(node: number, { host, port }: core.Host): void {
    this.#addresses.set(node, { host, port });
  }

  /** The newest version of a request that the first server knows. */
  async newest(name: string): Promise<number | undefined> {
    const { broker } = await this.#node(SEED);
    return broker.versions[KEYS[name] ?? -1]?.maxVersion;
  }

  close(): void {
    this.#closed = true;
    const error = new BrokerError("UNAVAILABLE", "the connection was closed", { retryable: true });
    this.#end(error);
    for (const socket of this.#sockets) socket.destroy(error);
  }

  /** Asks one node, and answers what it says, errors included; kafkajs would throw the first of them. */
  async ask<T>(node: number, name: string, args: object, read?: Protocol["response"]["decode"]): Promise<T> {
    const there = await this.#node(node);
    const { broker, pool } = there;
    this.asked.add(node);
    if (name === "Fetch") {
      this.fetched.add(node);
      there.fetching ??= pool.getConnection(1);
      await there.fetching;
    }
    const protocol = broker.lookupRequest(KEYS[name] ?? -1, requests[name])(args);
    const decode = read ?? protocol.response.decode;
    try {
      // The cast is true: each caller names the type of this request's answer.
      return (await pool.send({
        ...protocol,
        ...{ logResponseError: false, response: { decode, parse: async (data: unknown) => data } },
      })) as T;
    } catch (error) {
      // A server that does not answer: nothing on this connection will be answered in time.
      if (error instanceof Error && error.name === "KafkaJSRequestTimeoutError") this.#end(error);
      throw error;
    }
  }

  #node(node: number): Promise<Node> {
    const known = this.#nodes.get(node);
    if (known !== undefined) return known;
    const address = this.#addresses.get(node);
    if (address === undefined) {
      return Promise.reject(new BrokerError("UNAVAILABLE", `no Kafka node ${node} is known`, { retryable: true }));
    }
    const same = node !== SEED && address.host === this.#seed.host && address.port === this.#seed.port;
    const opening = same ? this.#node(SEED) : this.#connect(address);
    this.#nodes.set(node, opening);
    opening.catch(() => this.#nodes.delete(node));
    return opening;
  }

  async #connect({ host, port }: core.Host): Promise<Node> {
    const { tls, sasl, timeout, clientId } = this.#settings;
    const pool = new PoolOf({
      ...{ host, port, clientId, logger: silent, ssl: tls ?? null, sasl: sasl === undefined ? null : saslOf(sasl) },
      ...{
        connectionTimeout: timeout,
        requestTimeout: timeout,
        enforceRequestTimeout: true,
        maxInFlightRequests: null,
      },
      socketFactory: (to: object) => this.#socket(to as SocketOptions),
    });
    for (const { requestQueue } of pool.pool) mend(requestQueue);
    const broker = new BrokerOf({ connectionPool: pool, logger: silent, authenticationTimeout: timeout });
    await broker.connect();
    return { broker, pool };
  }

  #socket({ host, port, ssl, onConnect }: SocketOptions): Socket {
    if (this.#closed) throw new BrokerError("CLOSED", "the connection was closed");
    const name = isIP(host) ? {} : { servername: host };
    const socket = ssl ? connectTls({ host, port, ...name, ...ssl }, onConnect) : connectTcp({ host, port }, onConnect);
    socket.setKeepAlive(true, 60_000).setNoDelay(true);
    this.#sockets.add(socket);
    const over = (): void => this.#end(new BrokerError("UNAVAILABLE", "the connection was lost", { retryable: true }));
    // One that was never made ends nothing: the cluster may not know yet that a node is down.
    socket.once("connect", () => socket.once("close", over));
    return socket;
  }
}

interface SocketOptions {
  readonly host: string;
  readonly port: number;
  readonly ssl: object | null;
  readonly onConnect: () => void;
}

/** kafkajs looks a thousand times a second whether a request waits: needed only when one does. */
function mend(queue: Connection["requestQueue"]): void {
  const schedule = queue.scheduleCheckPendingRequests.bind(queue);
  queue.scheduleCheckPendingRequests = () => {
    if (queue.pending.length > 0) schedule();
  };
}
