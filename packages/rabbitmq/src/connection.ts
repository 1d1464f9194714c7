import type { Duplex } from "node:stream";
import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import * as amqp from "amqplib";
import { codeOf } from "./errors.ts";
import type { Settings } from "./options.ts";

/** One TCP connection to a server, for as long as it lives. */
export interface Connection {
  readonly model: amqp.ChannelModel;
  /** Resolves with the reason when the connection is gone. */
  readonly lost: Promise<unknown>;
  /** Why the server reads nothing from us at present: a resource alarm. */
  blocked(): string | undefined;
  /** Called after frames were given to amqplib: all of this turn of the event loop go in one system call. */
  cork(): void;
  /** Cuts it, if it is still there. */
  cut(): void;
}

/** Opens a connection; ends at once when the signal aborts. */
export async function openConnection(
  settings: Settings,
  host: core.Host,
  purpose: string,
  lease: number,
  signal: AbortSignal,
): Promise<Connection> {
  const { ca, cert, key, passphrase, servername, connectionName = "anybroker", timeout = 10_000 } = settings;
  const user = userOf(settings);
  const password = settings.password ?? settings.address.password ?? "guest";
  const secret = typeof password === "function" ? await orAborted(Promise.resolve(password()), signal) : password;
  // amqplib cannot be told to give up. Its socket can: Node hands this to it, for TCP and TLS alike.
  const life = new AbortController();
  const options = {
    ...{ signal: life.signal, noDelay: true, keepAlive: true, timeout, ca, cert, key, passphrase, servername },
    clientProperties: { connection_name: `${connectionName} (${purpose})` },
    credentials: user === undefined ? amqp.credentials.external() : amqp.credentials.plain(user, secret),
  };
  const { scheme, path } = settings.address;
  const target = {
    protocol: scheme,
    hostname: host.host,
    port: host.port ?? (scheme === "amqps" ? 5_671 : 5_672),
    // amqplib decodes it once more.
    vhost: encodeURIComponent(path || "/"),
    // Seconds; the server gives a silent client up after about three.
    heartbeat: Math.max(1, Math.floor((settings.heartbeat ?? Math.min(10_000, lease / 3)) / 1_000)),
  };
  try {
    // The cast is true: TLS takes undefined for what is not set, and the type has only left out the signal.
    return watch(await orAborted(amqp.connect(target, options as amqp.SocketOptions), signal), life);
  } catch (error) {
    life.abort();
    // What amqplib says is that it expected something else, and of another protocol's bytes that a frame is too large.
    const [said, cause] = [String(error), { cause: error }];
    const noVhost = `the virtual host ${path || "/"} does not exist, or this user may not use it`;
    const stranger = `what answers at ${target.hostname}:${target.port} does not speak AMQP 0-9-1: is it RabbitMQ's port?`;
    if (said.includes("Expected ConnectionOpenOk; got <ConnectionClose"))
      throw new BrokerError("NOT_FOUND", noVhost, cause);
    if (/Frame size \d+ exceeds/.test(said)) throw new BrokerError("INVALID_CONFIG", stranger, cause);
    throw error;
  }
}

/** The name under which the server knows us; undefined where it goes by our certificate. */
export function userOf({ mechanism, username, address }: Settings): string | undefined {
  return mechanism === "external" ? undefined : (username ?? address.username ?? "guest");
}

function watch(model: amqp.ChannelModel, life: AbortController): Connection {
  const { promise: lost, resolve } = Promise.withResolvers<unknown>();
  let alarm: string | undefined;
  // An error without a listener would end the process; the first reason counts.
  model.on("error", resolve);
  model.on("blocked", (reason) => {
    alarm = reason;
  });
  model.on("unblocked", () => {
    alarm = undefined;
  });
  model.on("close", (error) => {
    resolve(error ?? new BrokerError("CLOSED", "the connection was closed"));
    // amqplib ends only its half of the socket, which a server that hangs never answers.
    life.abort();
  });
  return { model, lost, blocked: () => alarm, cork: corkOf(model), cut: () => life.abort() };
}

/**
 * amqplib makes a system call of each frame, and writes in an immediate that it asks for in the next tick. Called after
 * it, this asks for one right behind; called before it, the socket would be open again too early.
 */
function corkOf(model: amqp.ChannelModel): () => void {
  // The cast is true of amqplib 2, whose types leave out the socket.
  const { stream } = model.connection as unknown as { readonly stream: Duplex };
  // Past 64 KiB amqplib waits for room and then writes all the rest, outside of any turn of ours.
  stream.prependListener("drain", () => {
    stream.cork();
    process.nextTick(() => stream.uncork());
  });
  return () => {
    stream.cork();
    process.nextTick(() => setImmediate(() => stream.uncork()));
  };
}

/** A channel; one that opens too late is closed. */
export async function channelOf({ model }: Connection, signal: AbortSignal): Promise<amqp.Channel> {
  const opening = model.createChannel();
  try {
    return await orAborted(opening, signal);
  } catch (error) {
    opening.then((channel) => channel.close()).catch(() => {});
    throw error;
  }
}

/** Runs work on a channel of its own, which any refusal closes, and closes it. */
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
      // It rejects when the server has closed it.
      await channel.close().catch(() => {});
    }
  };
  // A refusal that ended the whole connection says more than that the channel has ended with it.
  const why = async (error: unknown): Promise<never> => {
    const reason = await Promise.race([lost, Promise.resolve()]);
    throw typeof codeOf(reason) === "number" ? reason : error;
  };
  return orAborted(run().catch(why), signal);
}
