import type * as core from "@anybroker/core/driver";
import { Naming } from "@anybroker/core/driver";
import type { LinkState } from "./cluster/link-state.ts";
import { Cluster, LOOK } from "./cluster/metadata.ts";
import type { Client, Session } from "./cluster/session.ts";
import { Writer } from "./cluster/writer.ts";
import { DeadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { explained } from "./errors.ts";
import { health } from "./health.ts";
import type { Settings } from "./options.ts";
import { send } from "./send.ts";
import { openSource } from "./source.ts";
import { stats } from "./stats.ts";

/** Opens one life of the connection. */
export async function openLink(
  client: Client,
  settings: Settings,
  strays: LinkState["strays"],
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<core.Link<unknown>> {
  const open = (until: AbortSignal): Promise<Session> => inTurn(client, settings.hosts, until);
  const session = await open(signal).catch((error: unknown) => Promise.reject(explained(error)));
  const cluster = new Cluster(session);
  const writer = new Writer({ session, cluster });
  const naming = new Naming(settings.naming);
  return linkOf({ settings, context, naming, session, cluster, writer, open, strays });
}

/** Tries the hosts in turn. */
async function inTurn(client: Client, hosts: readonly core.Host[], signal: AbortSignal): Promise<Session> {
  let last: unknown;
  for (const host of hosts) {
    try {
      return await client(host, signal);
    } catch (error) {
      last = error;
      if (signal.aborted) break;
    }
  }
  throw last;
}

function linkOf(life: LinkState): core.Link<unknown> {
  const { session, cluster } = life;
  const sources = new Set<core.Source>();
  const looking = setInterval(() => void cluster.refresh(AbortSignal.timeout(LOOK)).catch(() => {}), LOOK).unref();
  const lost = session.lost.then((reason) => {
    clearInterval(looking);
    session.close();
    for (const source of sources) void source.close(AbortSignal.abort(reason)).catch(() => {});
    return reason;
  });
  return {
    server: { product: "Kafka", version: session.version, capabilities: {} },
    native: session.native,
    lost,
    // What comes while requests are on their way goes with the next one.
    window: { messages: 10_000, bytes: 16_777_216, batches: 2 },
    declare: (...call) => declare(life, ...call),
    send: (...call) => send(life, ...call),
    async open(...call) {
      const source = await openSource(life, ...call);
      sources.add(source);
      void source.lost.then(() => sources.delete(source));
      return source;
    },
    stats: (...call) => stats(life, ...call),
    deadLetters: (source) => new DeadLetters(life, source),
    health: (until) => health(session, until),
    async close() {
      session.close();
      await lost;
    },
  };
}
