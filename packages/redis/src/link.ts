import type * as core from "@anybroker/core/driver";
import { connectToAny, LeaseBook, orAborted } from "@anybroker/core/driver";
import { refinement } from "./capabilities.ts";
import { explained, openConnection, type RedisNative, silenceLimit } from "./connection.ts";
import { DeadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { classify, isServerError } from "./errors.ts";
import { healthOf, type Server, serverOf } from "./health.ts";
import type { Settings } from "./options.ts";
import { purge } from "./purge.ts";
import { remove } from "./remove.ts";
import { Sender } from "./send.ts";
import { openSource } from "./source.ts";
import { DelayTimers } from "./state/delay-timers.ts";
import type { LinkState } from "./state/link-state.ts";
import { LivingConsumers } from "./state/living-consumers.ts";
import { PartitionCounts } from "./state/partition-counts.ts";
import { TopicTrimmer } from "./state/topic-trimmer.ts";
import { statsOf } from "./stats.ts";

/** The parts that a link is made from. */
export interface LinkOptions {
  readonly settings: Settings;
  readonly context: core.LinkContext;
  /** The prefix of the names of this driver's consumers. */
  readonly ownPrefix: string;
  /** The open consumers of all links of this driver. */
  readonly ownConsumers: Set<string>;
}

/** Connects to the first server that can be reached. ioredis tries the nodes of a Cluster and sentinels together. */
export async function connect(options: LinkOptions, signal: AbortSignal): Promise<core.Link<RedisNative>> {
  const { address, mode = "standalone" } = options.settings;
  const oneByOne = mode === "standalone" && address.hosts.length > 0;
  const attempts = oneByOne ? address.hosts.map((host) => [host]) : [address.hosts];
  return connectToAny(attempts, classify, signal, (hosts) => connectTo(hosts, options, signal));
}

async function connectTo(
  hosts: readonly core.Host[],
  options: LinkOptions,
  signal: AbortSignal,
): Promise<core.Link<RedisNative>> {
  const { settings, context } = options;
  const connection = await openConnection(settings, hosts, context.lease, signal);
  try {
    const server = await orAborted(serverOf(connection), signal);
    const state: LinkState = {
      settings,
      context,
      connection,
      openConnection: (stop, name) => openConnection(settings, hosts, context.lease, stop, name),
      consumers: new LivingConsumers(connection, options.ownPrefix, options.ownConsumers, settings.mode === "cluster"),
      partitionCounts: new PartitionCounts(connection, settings),
      delayTimers: new DelayTimers(connection),
      topicTrimmer: new TopicTrimmer(connection),
      leases: new LeaseBook(context.clock, context.lease),
      cleanup: hasXackdel(server) ? "xackdel" : "xdel",
    };
    return linkOf(state, server);
  } catch (error) {
    connection.cut();
    if (signal.aborted || isServerError(error)) throw error;
    throw explained(connection.firstError() ?? error, settings, hosts);
  }
}

function linkOf(state: LinkState, { product, version }: Server): core.Link<RedisNative> {
  const { connection, context } = state;
  const sender = new Sender(state);
  const heartbeat = startHeartbeat(state);
  const stop = (): void => {
    clearInterval(heartbeat);
    state.delayTimers.stop();
  };
  const lost = connection.lost.finally(stop);
  return {
    server: { product, version, capabilities: refinement(context.topology) },
    native: connection.client,
    lost,
    window: { messages: 1_024, bytes: 67_108_864, batches: 2 },
    declare: (entities, mode, signal) => declare(state, entities, mode, signal),
    send: (destination, batch, report, signal) => sender.send(destination, batch, report, signal),
    open: (entity, { window }, _lost, signal) => openSource(state, entity, window, signal),
    stats: (entity, signal) => orAborted(statsOf(state, entity), signal),
    deadLetters: (entity) => new DeadLetters(state, entity),
    remove: (entities, signal) => orAborted(remove(state, entities), signal),
    purge: (entities, signal) => orAborted(purge(state, entities, signal), signal),
    health: (signal) => orAborted(healthOf(connection), signal),
    async close(signal) {
      stop();
      try {
        await orAborted(connection.client.quit(), signal);
      } catch {
        // The connection had ended already.
      } finally {
        connection.cut();
      }
    },
  };
}

/** Commands at regular intervals, so that a dead server is noticed while nothing else is asked of it. */
function startHeartbeat({ connection, settings, context }: LinkState): NodeJS.Timeout {
  const ping = (): void => void connection.command("PING").catch(() => {});
  return setInterval(ping, silenceLimit(settings, context.lease));
}

/** `XACKDEL` came with Redis 8.2. No Valkey has it. */
function hasXackdel({ product, version }: Server): boolean {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return product === "Redis" && (major > 8 || (major === 8 && minor >= 2));
}
