import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { CONTRACT, formatAddress, orAborted } from "@anybroker/core/driver";
import { capabilities, type RedisCapabilities, refinement } from "./capabilities.ts";
import { Census } from "./census.ts";
import { type Connection, heartbeatOf, openConnection } from "./connection.ts";
import { DeadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { classify } from "./errors.ts";
import { healthOf, serverOf } from "./health.ts";
import { keysOf, type Life, type RedisNative } from "./life.ts";
import type { Settings } from "./options.ts";
import { Promoter } from "./promoter.ts";
import { COUNT } from "./scripts.ts";
import { send } from "./send.ts";
import { openSource } from "./source.ts";

/** The link of Redis. */
export type RedisLink = core.Link<RedisNative>;

/** Makes a driver, from which the options cannot be read. */
export function driverWith(settings: Settings): core.Driver<RedisCapabilities, RedisNative> {
  // By it a later link knows the consumers of an earlier one.
  const prefix = `anybroker-${randomUUID().slice(0, 8)}-`;
  const own = new Set<string>();
  return {
    contract: CONTRACT,
    name: "redis",
    address: formatAddress(settings.address),
    capabilities,
    classify,
    connect: (context, signal) => connect({ settings, context, prefix, own }, signal),
  };
}

/** Tries the hosts in turn; a refusal by one speaks for all. A Cluster and sentinels are asked together. */
async function connect(known: Known, signal: AbortSignal): Promise<RedisLink> {
  const { settings, context } = known;
  const { hosts } = settings.address;
  const alone = settings.mode === undefined || settings.mode === "standalone";
  let last: unknown;
  for (const host of alone && hosts.length > 0 ? hosts.map((one) => [one]) : [hosts]) {
    const open = (stop: AbortSignal, name?: string): Promise<Connection> =>
      openConnection(settings, host, context.lease, stop, name);
    try {
      const connection = await open(signal);
      try {
        return await linkOf({ ...known, connection, another: open }, signal);
      } catch (error) {
        connection.cut();
        throw error;
      }
    } catch (error) {
      last = error;
      if (signal.aborted || !classify(error).retryable) break;
    }
  }
  throw last;
}

interface Known extends Pick<Life, "settings" | "context" | "prefix"> {
  /** The consumers that are open, of all links. Any other with our prefix is of a life that has ended. */
  readonly own: Set<string>;
}

async function linkOf(known: Known & Pick<Life, "connection" | "another">, signal: AbortSignal): Promise<RedisLink> {
  const { connection, context, settings } = known;
  const { product, version } = await orAborted(serverOf(connection), signal);
  const [major = 0, minor = 0] = product === "Redis" ? version.split(".").map(Number) : [];
  const promoter = new Promoter(connection);
  const life: Life = {
    ...known,
    census: new Census(connection, known.own, settings.mode === "cluster"),
    sources: new Set(),
    promoter,
    deletion: major > 8 || (major === 8 && minor >= 2) ? "xackdel" : "del",
    sending: 0,
    trimmed: new Map(),
    partitions: new Map(),
  };
  // So that a server that has gone is noticed while nothing else is asked of it.
  const beat = setInterval(
    () => void connection.command("PING").catch(() => {}),
    settings.heartbeat ?? heartbeatOf(context.lease),
  );
  const stop = (): void => {
    clearInterval(beat);
    promoter.stop();
  };
  const lost = connection.lost.finally(stop);
  void lost.then((reason) => {
    for (const end of life.sources) end(reason);
  });
  return {
    server: { product, version, capabilities: refinement(context.topology) },
    native: connection.client,
    lost,
    window: { messages: 1_024, bytes: 67_108_864, batches: 2 },
    declare: (...call) => declare(life, ...call),
    send: (...call) => send(life, ...call),
    open: (...call) => openSource(life, ...call),
    stats: (source, stopped) => orAborted(stats(life, source), stopped),
    deadLetters: (source) => new DeadLetters(life, source),
    health: (stopped) => orAborted(healthOf(connection), stopped),
    async close(stopped) {
      stop();
      // It rejects when the connection has ended already.
      await orAborted(connection.client.quit(), stopped)
        .catch(() => {})
        .finally(connection.cut);
    },
  };
}

async function stats(life: Life, source: core.SourceEntity): Promise<core.Stats> {
  const { feeds, dead: letters } = await keysOf(life, source);
  const keys = [...feeds.flatMap(({ stream, delay }) => [stream, delay]), letters];
  const given = [feeds[0].group, ...feeds.map(({ only }) => (only ? "del" : ""))];
  // The cast is true: that is what the script answers.
  const counts = (await life.connection.run(COUNT, keys, ...given)) as readonly number[];
  const [ready, delayed, inFlight, dead] = counts;
  return { ready, delayed, inFlight, dead };
}
