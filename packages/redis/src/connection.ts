import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted, reasonOf } from "@anybroker/core/driver";
import { type RedisOptions as ClientOptions, Cluster, Redis } from "ioredis";
import { scrubbed } from "./errors.ts";
import type { RedisNative } from "./life.ts";
import type { Settings } from "./options.ts";
import type { Script } from "./scripts.ts";

/** Its replies are to have the form that all versions of the protocol share. */
type Options = Omit<ClientOptions, "replyMapping">;

/** How long a Cluster may take to tell how its nodes are called, in milliseconds. */
const NAMING = 1_000;

/** An argument of a command. */
export type Argument = string | number | Buffer;

/** One connection, for as long as it lives. */
export interface Connection {
  readonly client: RedisNative;
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<unknown>;
  /** Whether a command would be written now. */
  readonly writable: () => boolean;
  /** Sends one command. Texts come as buffers. */
  command(name: string, ...args: readonly Argument[]): Promise<unknown>;
  /** Runs a script. Texts come as buffers. */
  run(script: Script, keys: readonly string[], ...args: readonly Argument[]): Promise<unknown>;
  /** Cuts it, if it is still there. */
  cut(): void;
}

/** Opens a connection; ends at once when the signal aborts. */
export async function openConnection(
  settings: Settings,
  hosts: readonly core.Host[],
  lease: number,
  signal: AbortSignal,
  name: string = settings.connectionName ?? "anybroker",
): Promise<Connection> {
  const given = settings.password ?? settings.address.password;
  const password = typeof given === "function" ? await orAborted(Promise.resolve(given()), signal) : given;
  const client = clientOf(settings, hosts, optionsOf(settings, password, lease, name));
  let reason: unknown;
  client.on("error", (error) => {
    reason ??= scrubbed(error);
  });
  const lost = new Promise<unknown>((resolve) => {
    client.once("end", () => resolve(reason ?? unavailable("the connection was closed")));
  });
  const since = Date.now();
  // Of a Cluster: without one of its nodes it is no whole life. Those named in the URL may be known by other names.
  client.on("-node", () => {
    if (Date.now() - since > NAMING) client.disconnect();
  });
  try {
    await orAborted(client.connect(), signal);
    // It connects all the same where the database is not there, to another one.
    if (reason !== undefined) throw reason;
  } catch (error) {
    client.disconnect();
    throw signal.aborted ? error : (reason ?? scrubbed(lastNodeError(error)));
  }
  return connectionOf(client, lost);
}

function connectionOf(client: RedisNative, lost: Promise<unknown>): Connection {
  const call = (name: string, args: readonly Argument[]): Promise<unknown> =>
    client.callBuffer(name, ...args).catch((error: unknown) => {
      // Another server has taken over, and this one is a replica now.
      if (reasonOf(error).startsWith("READONLY")) client.disconnect();
      // What ioredis rejects with has the whole command on it.
      throw scrubbed(error);
    });
  return {
    client,
    lost,
    writable: () => client.status === "ready",
    command: (name, ...args) => call(name, args),
    async run({ source, sha }, keys, ...args) {
      try {
        return await call("EVALSHA", [sha, keys.length, ...keys, ...args]);
      } catch (error) {
        // It has not met the script yet, or was told to forget it.
        if (!(error instanceof Error && error.message.startsWith("NOSCRIPT"))) throw error;
        return call("EVAL", [source, keys.length, ...keys, ...args]);
      }
    },
    cut() {
      // One whose socket has closed would keep the process alive for two seconds more.
      if (client.status !== "close" && client.status !== "end") client.disconnect();
    },
  };
}

function optionsOf(settings: Settings, password: string | undefined, lease: number, name: string): Options {
  const { ca, cert, key, passphrase, servername, address } = settings;
  const tls = address.scheme === "rediss" ? { tls: { ca, cert, key, passphrase, servername } } : {};
  const username = settings.username ?? address.username;
  // The cast is true: TLS takes undefined for what is not set.
  return {
    lazyConnect: true,
    // Nothing is sent again, nothing waits for another connection, and what is in flight fails when this one ends.
    retryStrategy: null,
    maxRetriesPerRequest: 0,
    enableOfflineQueue: false,
    autoResendUnfulfilledCommands: false,
    enableReadyCheck: false,
    protocol: 2,
    disableClientInfo: true,
    noDelay: true,
    connectTimeout: settings.timeout ?? 10_000,
    // A server from which nothing comes for so long, while it owes an answer, has gone.
    socketTimeout: settings.heartbeat ?? heartbeatOf(lease),
    connectionName: name,
    db: settings.db,
    ...(username === undefined ? {} : { username }),
    ...(password === undefined ? {} : { password }),
    ...tls,
  } as Options;
}

/** How long the server may be silent unless told otherwise, in milliseconds. */
export function heartbeatOf(lease: number): number {
  return Math.max(1_000, Math.min(10_000, Math.floor(lease / 3)));
}

function clientOf(settings: Settings, hosts: readonly core.Host[], options: Options): RedisNative {
  const { mode = "standalone", master = "mymaster", sentinelUsername, sentinelPassword } = settings;
  const [first = { host: "localhost", port: undefined }] = hosts;
  if (mode === "cluster") {
    const nodes = (hosts.length === 0 ? [first] : hosts).map(({ host, port = 6379 }) => ({ host, port }));
    return new Cluster(nodes, {
      lazyConnect: true,
      clusterRetryStrategy: () => null,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      // Otherwise what was in flight to a node that has gone would be sent again.
      retryDelayOnFailover: 0,
      slotsRefreshTimeout: settings.timeout ?? 10_000,
      redisOptions: options,
    });
  }
  if (mode === "standalone") return new Redis({ ...options, host: first.host, port: first.port ?? 6379 });
  // The cast is true: ioredis takes undefined for what is not set.
  return new Redis({
    ...options,
    sentinels: hosts.map(({ host, port = 26_379 }) => ({ host, port })),
    name: master,
    sentinelRetryStrategy: () => null,
    sentinelUsername,
    sentinelPassword,
    ...(options.tls === undefined ? {} : { sentinelTLS: options.tls, enableTLSForSentinelMode: true }),
  } as Options);
}

/** What a Cluster's first connection failed with, which ioredis hides in its own error. */
function lastNodeError(error: unknown): unknown {
  return error instanceof Error && "lastNodeError" in error && error.lastNodeError instanceof Error
    ? error.lastNodeError
    : error;
}

/** An error of a connection or source that may come back. */
export function unavailable(message: string): BrokerError {
  return new BrokerError("UNAVAILABLE", message, { retryable: true });
}
