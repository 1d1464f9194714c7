import type { Duplex } from "node:stream";
import type * as core from "@anybroker/core/driver";
import {
  closed,
  Ending,
  explainConnectFailure,
  heartbeatOf,
  notFound,
  openWithin,
  orAborted,
  passwordOf,
  tlsOf,
  usernameOf,
} from "@anybroker/core/driver";
import * as amqp from "amqplib";
import { classify, NOT_AMQP, replyCodeOf } from "./errors.ts";
import type { Settings } from "./options.ts";

/** The largest prefetch that a channel can have: AMQP counts it in 16 bits. */
export const MAX_PREFETCH = 65_535;

/** One TCP connection to a server, for as long as it lives. */
export interface Connection {
  readonly model: amqp.ChannelModel;
  /** Resolves with the reason when the connection has ended. */
  readonly lost: Promise<unknown>;
  /** Why the server reads nothing from this connection at present (a resource alarm); undefined while it reads. */
  blocked(): string | undefined;
  /** Collects all frames of this turn of the event loop into one system call. Call it after giving frames to amqplib. */
  cork(): void;
  /** Destroys the socket, if it is still open. */
  cut(): void;
}

/** Opens a connection. Ends at once when the signal aborts. */
export async function openConnection(
  settings: Settings,
  host: core.Host,
  purpose: string,
  lease: number,
  signal: AbortSignal,
): Promise<Connection> {
  const { connectionName = "anybroker", timeout = 10_000 } = settings;
  const { scheme, path } = settings.address;
  const user = userOf(settings);
  const password = (await passwordOf(settings, settings.address, signal)) ?? "guest";
  // amqplib cannot be told to give up. Its socket can: Node passes this signal to it, for TCP and TLS alike.
  const socket = new AbortController();
  const options = {
    ...tlsOf(settings),
    signal: socket.signal,
    noDelay: true,
    keepAlive: true,
    timeout,
    clientProperties: { connection_name: `${connectionName} (${purpose})` },
    credentials: user === undefined ? amqp.credentials.external() : amqp.credentials.plain(user, password),
  };
  const target = {
    protocol: scheme,
    hostname: host.host,
    port: host.port ?? (scheme === "amqps" ? 5_671 : 5_672),
    // amqplib decodes it once more.
    vhost: encodeURIComponent(path || "/"),
    // Whole seconds. The server gives up a client that is silent for about three heartbeats.
    heartbeat: Math.floor((settings.heartbeat ?? heartbeatOf(lease)) / 1_000),
  };
  try {
    // The cast is true: amqplib's type has only left out the signal.
    return watch(await orAborted(amqp.connect(target, options as amqp.SocketOptions), signal), socket);
  } catch (error) {
    socket.abort();
    throw explained(error, target, path || "/");
  }
}

/** The name under which the server knows the client; undefined where it goes by the client's certificate. */
export function userOf(settings: Settings): string | undefined {
  return settings.mechanism === "external" ? undefined : (usernameOf(settings, settings.address) ?? "guest");
}

/** Says what happened where amqplib only says that it expected another frame, or less. */
function explained(
  error: unknown,
  { protocol, hostname, port }: { readonly protocol: string; readonly hostname: string; readonly port: number },
  vhost: string,
): unknown {
  if (String(error).includes("Expected ConnectionOpenOk; got <ConnectionClose")) {
    return notFound(`the virtual host ${vhost} does not exist, or this user may not use it`, error);
  }
  return explainConnectFailure(error, {
    product: "RabbitMQ",
    address: `${hostname}:${port}`,
    tls: protocol === "amqps",
    schemes: ["amqp", "amqps"],
    classify,
    // The bytes of another protocol look like a frame that is too large.
    foreign: NOT_AMQP,
    closed: /closed abruptly/,
  });
}

function watch(model: amqp.ChannelModel, socket: AbortController): Connection {
  const ending = new Ending();
  let alarm: string | undefined;
  // Without a listener, an error would end the process.
  model.on("error", ending.end);
  model.on("blocked", (reason) => {
    alarm = reason;
  });
  model.on("unblocked", () => {
    alarm = undefined;
  });
  model.on("close", (error) => {
    ending.end(error ?? closed("the connection was closed"));
    // amqplib ends only its half of the socket. A server that hangs never ends the other half.
    socket.abort();
  });
  return {
    model,
    lost: ending.lost,
    blocked: () => alarm,
    cork: corkOf(model),
    cut: () => socket.abort(),
  };
}

/**
 * amqplib makes a system call for each frame. It writes in an immediate, which it requests in the next tick. The cork is
 * set after amqplib was called, so the immediate that removes it runs right behind amqplib's. Set before, the cork would
 * be removed too early.
 */
function corkOf(model: amqp.ChannelModel): () => void {
  // The cast is true of amqplib 2, whose types leave out the socket.
  const { stream } = model.connection as unknown as { readonly stream: Duplex };
  // Past 64 KiB amqplib waits for `drain`, and then writes everything that is left.
  stream.prependListener("drain", () => {
    stream.cork();
    process.nextTick(() => stream.uncork());
  });
  return () => {
    stream.cork();
    process.nextTick(() => setImmediate(() => stream.uncork()));
  };
}

/** Opens a channel. A channel that opens after the signal has aborted is closed. */
export function openChannel({ model }: Connection, signal: AbortSignal): Promise<amqp.Channel> {
  return openWithin(model.createChannel(), signal, (channel) => channel.close());
}

/** Runs work on a channel of its own, and closes the channel. A refusal by the server closes the channel too. */
export async function onChannel<T>(
  { model, lost }: Connection,
  signal: AbortSignal,
  work: (channel: amqp.Channel) => Promise<T>,
): Promise<T> {
  signal.throwIfAborted();
  const run = async (): Promise<T> => {
    const channel = await model.createChannel();
    channel.on("error", () => {});
    try {
      return await work(channel);
    } finally {
      await closeChannel(channel);
    }
  };
  // A refusal that ended the whole connection says more than that the channel ended with it.
  const explain = async (error: unknown): Promise<never> => {
    const reason = await Promise.race([lost, Promise.resolve()]);
    throw replyCodeOf(reason) === undefined ? error : reason;
  };
  return orAborted(run().catch(explain), signal);
}

/** Closes a channel. Never rejects: amqplib throws or rejects when the channel is closed already. */
export async function closeChannel(channel: amqp.Channel): Promise<void> {
  try {
    await channel.close();
  } catch {
    // It is closed.
  }
}
