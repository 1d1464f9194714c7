import { isIP } from "node:net";
import type * as core from "@anybroker/core/driver";
import { BrokerError, closed, Ending, PromiseCache, reasonOf, unauthorized, unavailable } from "@anybroker/core/driver";
import type * as library from "@platformatic/kafka";
import type { Settings } from "../options.ts";
import { watchFirstBytes } from "../protocol/first-bytes.ts";
import { SEED_NODE } from "./session.ts";

export type Library = typeof library;

type Connection = library.Connection;

export const FETCH_KEY = 1;

/** The requests of one connection that may wait for a response at once. */
const MAX_IN_FLIGHT = 100;

/** Loads the library, which is an optional peer of this package. */
export async function loadLibrary(): Promise<Library> {
  try {
    return await import("@platformatic/kafka");
  } catch (cause) {
    const message =
      'the client "platformatic" needs its package: npm install @platformatic/kafka; a bundle must leave it out, as external';
    throw new BrokerError("ADAPTER_MISSING", `${message} (${reasonOf(cause)})`, { cause });
  }
}

/** The driver's settings as the library takes them. */
export function connectionOptions({ tls, sasl, timeout }: Settings): library.ConnectionOptions {
  return {
    connectTimeout: timeout,
    requestTimeout: timeout,
    maxInflights: MAX_IN_FLIGHT,
    ...(tls === undefined ? {} : { tls, tlsServerName: true }),
    ...(sasl === undefined ? {} : { sasl: saslOptions(sasl) }),
  };
}

function saslOptions(sasl: NonNullable<Settings["sasl"]>): library.SASLOptions {
  if (sasl.mechanism === "oauthbearer") {
    const refusal = unauthorized("the server refused the token");
    return {
      mechanism: "OAUTHBEARER",
      token: sasl.token,
      // A server that takes the token returns nothing.
      authBytesValidator: (response, done) => done(response.length > 0 ? refusal : null, response),
    };
  }
  // The cast is true: the library's names are Kafka's own, in capitals.
  const mechanism = sasl.mechanism.toUpperCase() as library.SASLMechanismValue;
  return { mechanism, username: sasl.username, password: sasl.password };
}

/** The connections to the nodes of a cluster. They are opened when they are needed, and end together. */
export class PlatformaticConnections {
  readonly contactedNodes: Set<number> = new Set();
  readonly fetchedNodes: Set<number> = new Set();
  readonly #library: Library;
  readonly #settings: Settings;
  readonly #addresses = new Map<number, core.Host>();
  /** By host and purpose. */
  readonly #connections = new PromiseCache<string, Connection>();
  readonly #openConnections = new Set<Connection>();
  /** The error for a server that is not a Kafka server. */
  #foreign: Error | undefined;
  readonly #ending = new Ending(() => {
    for (const connection of this.#openConnections) connection.socket.destroy();
  });

  constructor(loaded: Library, settings: Settings, seed: core.Host) {
    this.#library = loaded;
    this.#settings = settings;
    this.#addresses.set(SEED_NODE, seed);
  }

  get lost(): Promise<unknown> {
    return this.#ending.lost;
  }

  setAddress(node: number, { host, port }: core.Host): void {
    this.#addresses.set(node, { host, port });
  }

  close(): void {
    this.#ending.end(unavailable("the connection was closed"));
  }

  /** Sends a request to one node and returns the whole response. The library would throw the errors in it. */
  async request<A extends unknown[], T>(node: number, api: library.API<A, T>, ...fields: A): Promise<T> {
    const isFetch = api.key === FETCH_KEY;
    // The server responds late to a fetch, and that would delay other requests on the same connection.
    const connection = await this.#connection(node, isFetch ? "fetches" : "requests");
    (isFetch ? this.fetchedNodes : this.contactedNodes).add(node);
    try {
      return await api.async(connection, ...fields);
    } catch (error) {
      // The cast is true: the library's error of a refused request carries the whole response.
      if (error instanceof this.#library.ResponseError) return error.response as T;
      if (error instanceof this.#library.TimeoutError) this.#ending.end(error);
      throw this.#foreign ?? error;
    }
  }

  #connection(node: number, purpose: "fetches" | "requests"): Promise<Connection> {
    const address = this.#addresses.get(node);
    if (address === undefined) return Promise.reject(unavailable(`the address of Kafka node ${node} is unknown`));
    const name = `${address.host}:${address.port} ${purpose}`;
    return this.#connections.get(name, () => this.#connect(address));
  }

  async #connect({ host, port }: core.Host): Promise<Connection> {
    if (this.#ending.over) throw closed("the connection was closed");
    const { clientId } = this.#settings;
    const options = connectionOptions(this.#settings);
    // Node warns about a TLS server name that is an address.
    const withServerName = isIP(host) === 0 ? options : { ...options, tlsServerName: false };
    const connection = new this.#library.Connection(clientId, withServerName);
    connection.on("error", () => {});
    try {
      const connecting = connection.connect(host, port ?? 9_092);
      watchFirstBytes(connection.socket, (error) => {
        this.#foreign = error;
        this.#ending.end(error);
        connection.socket.destroy();
      });
      await connecting;
    } catch (error) {
      throw this.#foreign ?? this.#causeOf(error);
    }
    this.#openConnections.add(connection);
    if (this.#ending.over) connection.socket.destroy();
    const lose = (): void => this.#ending.end(unavailable("the connection was lost"));
    connection.on("close", lose);
    connection.socket.once("close", lose);
    return connection;
  }

  /** The library reports a refused login as a failed connection, and a connection that was cut as a refused login. */
  #causeOf(error: unknown): unknown {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause === undefined || cause instanceof this.#library.ResponseError ? error : this.#causeOf(cause);
  }
}
