import type * as core from "@anybroker/core/driver";
import {
  Ending,
  explainConnectFailure,
  heartbeatOf,
  orAborted,
  passwordOf,
  reasonOf,
  tlsOf,
  unavailable,
  usernameOf,
} from "@anybroker/core/driver";
import { Cluster, type RedisOptions as IoredisOptions, Redis } from "ioredis";
import { classify, NOT_REDIS, withoutCommand } from "./errors.ts";
import { SCHEMES, type Settings } from "./options.ts";
import type { Argument, ScriptRunner } from "./scripts/script.ts";

/** The client of ioredis, for what anybroker does not offer. A blocking command on it holds up everything else. */
export type RedisNative = Redis | Cluster;

/** Without `replyMapping`, so that replies have the form that all versions of the protocol share. */
type ClientOptions = Omit<IoredisOptions, "replyMapping">;

/** How long a Cluster may take to find out the names of its nodes, in ms. */
const NODE_NAMING_TIME = 1_000;

/** One connection, for as long as it lives. */
export interface Connection extends ScriptRunner {
  readonly client: RedisNative;
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<unknown>;
  /** The first error of the socket or of the server's replies as a whole; undefined while there is none. */
  readonly firstError: () => unknown;
  /** Whether a command would be written now. */
  readonly writable: () => boolean;
  /** Sends one command. Text in the reply comes as buffers. */
  command(name: string, ...args: readonly Argument[]): Promise<unknown>;
  /** Cuts the connection if it is still there. */
  cut(): void;
}

/** Opens a connection. Rejects at once when the signal aborts. */
export async function openConnection(
  settings: Settings,
  hosts: readonly core.Host[],
  lease: number,
  signal: AbortSignal,
  name: string = settings.connectionName ?? "anybroker",
): Promise<Connection> {
  const password = await passwordOf(settings, settings.address, signal);
  const client = clientOf(settings, hosts, clientOptions(settings, password, lease, name));
  let firstError: unknown;
  client.on("error", (error) => {
    firstError ??= withoutCommand(lastNodeError(error));
  });
  const ending = new Ending();
  client.once("end", () => ending.end(firstError ?? unavailable("the connection was closed")));
  endWithoutNode(client);
  try {
    await orAborted(client.connect(), signal);
    // If the database does not exist, ioredis reports an error but stays connected to another one.
    if (firstError !== undefined) throw firstError;
  } catch (error) {
    client.disconnect();
    if (signal.aborted) throw error;
    throw explained(firstError ?? withoutCommand(lastNodeError(error)), settings, hosts);
  }
  return connectionOf(client, ending.lost, () => firstError);
}

/** Says what happened where ioredis only says that the connection closed, or names a byte. */
export function explained(error: unknown, { address }: Settings, hosts: readonly core.Host[]): unknown {
  const tried = hosts.map(({ host, port = 6_379 }) => `${host}:${port}`);
  return explainConnectFailure(error, {
    product: "Redis",
    address: tried.join(" or ") || "localhost:6379",
    tls: address.scheme === "rediss",
    schemes: SCHEMES,
    classify,
    foreign: NOT_REDIS,
    closed: /Connection is closed/,
  });
}

/**
 * A link to a Cluster ends when one of its nodes goes. At first ioredis also drops the hosts of the URL, which the
 * Cluster may know by other names.
 */
function endWithoutNode(client: RedisNative): void {
  const opened = Date.now();
  client.on("-node", () => {
    if (Date.now() - opened > NODE_NAMING_TIME) client.disconnect();
  });
}

function connectionOf(client: RedisNative, lost: Promise<unknown>, firstError: () => unknown): Connection {
  const fail = (error: unknown): never => {
    // Another server has taken over, and this one is a replica now.
    if (reasonOf(error).startsWith("READONLY")) client.disconnect();
    throw withoutCommand(error);
  };
  return {
    client,
    lost,
    firstError,
    writable: () => client.status === "ready",
    command: (name, ...args) => client.callBuffer(name, ...args).catch(fail),
    run: ({ source, sha }, keys, args) =>
      client.callBuffer("EVALSHA", sha, keys.length, ...keys, ...args).catch((error: unknown) => {
        if (!isUnknownScript(error)) return fail(error);
        return client.callBuffer("EVAL", source, keys.length, ...keys, ...args).catch(fail);
      }),
    cut() {
      // Disconnecting a client whose socket has closed would keep the process alive for two seconds more.
      if (client.status !== "close" && client.status !== "end") client.disconnect();
    },
  };
}

/** The server has not run the script yet, or its cache of scripts was flushed. */
function isUnknownScript(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith("NOSCRIPT");
}

function clientOptions(settings: Settings, password: string | undefined, lease: number, name: string): ClientOptions {
  const { address, timeout = 10_000, db } = settings;
  // The cast is true: ioredis takes undefined for an option that is not set.
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
    connectTimeout: timeout,
    // A server that owes a reply and sends nothing for this long is gone.
    socketTimeout: silenceLimit(settings, lease),
    connectionName: name,
    db,
    username: usernameOf(settings, address),
    password,
    tls: address.scheme === "rediss" ? tlsOf(settings) : undefined,
  } as ClientOptions;
}

/** How long the server may be silent, in ms. */
export function silenceLimit({ heartbeat }: Settings, lease: number): number {
  return heartbeat ?? heartbeatOf(lease);
}

function clientOf(settings: Settings, hosts: readonly core.Host[], options: ClientOptions): RedisNative {
  const [first = { host: "localhost", port: undefined }] = hosts;
  switch (settings.mode ?? "standalone") {
    case "standalone":
      return new Redis({ ...options, host: first.host, port: first.port ?? 6379 });
    case "cluster":
      return clusterOf(settings, hosts.length === 0 ? [first] : hosts, options);
    case "sentinel":
      return sentinelClientOf(settings, hosts, options);
  }
}

function clusterOf(settings: Settings, hosts: readonly core.Host[], options: ClientOptions): Cluster {
  return new Cluster(
    hosts.map(({ host, port = 6379 }) => ({ host, port })),
    {
      lazyConnect: true,
      clusterRetryStrategy: () => null,
      enableOfflineQueue: false,
      enableReadyCheck: false,
      // Otherwise ioredis sends again what was in flight to a node that has gone.
      retryDelayOnFailover: 0,
      slotsRefreshTimeout: settings.timeout ?? 10_000,
      redisOptions: options,
    },
  );
}

function sentinelClientOf(settings: Settings, hosts: readonly core.Host[], options: ClientOptions): Redis {
  const { master = "mymaster", sentinelUsername, sentinelPassword } = settings;
  // The cast is true: ioredis takes undefined for an option that is not set.
  return new Redis({
    ...options,
    sentinels: hosts.map(({ host, port = 26_379 }) => ({ host, port })),
    name: master,
    sentinelRetryStrategy: () => null,
    sentinelUsername,
    sentinelPassword,
    sentinelTLS: options.tls,
    enableTLSForSentinelMode: options.tls !== undefined,
  } as ClientOptions);
}

/** The error of a node, which a Cluster hides in its own. */
function lastNodeError(error: unknown): unknown {
  return error instanceof Error && "lastNodeError" in error && error.lastNodeError instanceof Error
    ? error.lastNodeError
    : error;
}
