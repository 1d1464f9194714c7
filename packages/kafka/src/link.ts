import type * as core from "@anybroker/core/driver";
import { connectToAny, Naming } from "@anybroker/core/driver";
import { Cluster, REFRESH_INTERVAL } from "./cluster/cluster.ts";
import type { LinkState, ProgramState } from "./cluster/link-state.ts";
import type { Client, Session } from "./cluster/session.ts";
import { Writer } from "./cluster/writer.ts";
import { DeadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { classify, explained } from "./errors.ts";
import { health } from "./health.ts";
import type { Settings } from "./options.ts";
import { purge } from "./purge.ts";
import { remove } from "./remove.ts";
import { send } from "./send.ts";
import { openSource } from "./source.ts";
import { stats } from "./stats.ts";

/** Opens one connection to the cluster. */
export async function openLink(
  client: Client,
  settings: Settings,
  program: ProgramState,
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<core.Link<unknown>> {
  const openSession = (until: AbortSignal): Promise<Session> =>
    connectToAny(settings.hosts, classify, until, (host) =>
      client(host, until).catch((error: unknown) => Promise.reject(explained(error, settings, host))),
    );
  const session = await openSession(signal);
  const cluster = new Cluster(session);
  return linkOf({
    settings,
    context,
    naming: new Naming(settings.naming),
    session,
    cluster,
    writer: new Writer(session, cluster),
    openSession,
    ...program,
  });
}

function linkOf(state: LinkState): core.Link<unknown> {
  const { session, cluster } = state;
  const refresh = (): void => void cluster.refreshAll(AbortSignal.timeout(REFRESH_INTERVAL)).catch(() => {});
  const timer = setInterval(refresh, REFRESH_INTERVAL).unref();
  const lost = session.lost.finally(() => {
    clearInterval(timer);
    session.close();
  });
  return {
    server: { product: "Kafka", version: session.version, capabilities: {} },
    native: session.native,
    lost,
    // Messages that come while requests are in flight go together with the next one.
    window: { messages: 10_000, bytes: 16_777_216, batches: 2 },
    declare: (entities, mode, signal) => declare(state, entities, mode, signal),
    send: (destination, batch, report, signal) => send(state, destination, batch, report, signal),
    open: (entity, options, lostDeliveries, signal) => openSource(state, entity, options, lostDeliveries, signal),
    stats: (entity, signal) => stats(state, entity, signal),
    deadLetters: (entity) => new DeadLetters(state, entity),
    remove: (entities, signal) => remove(state, entities, signal),
    purge: (entities, signal) => purge(state, entities, signal),
    health: (signal) => health(session, signal),
    async close() {
      session.close();
      await lost;
    },
  };
}
