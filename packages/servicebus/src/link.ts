import type * as core from "@anybroker/core/driver";
import { closed, orAborted, PromiseCache } from "@anybroker/core/driver";
import { refinement } from "./capabilities.ts";
import { openConnection, type ServicebusNative } from "./connection.ts";
import { DeadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { health } from "./health.ts";
import type { Settings } from "./options.ts";
import { purge } from "./purge.ts";
import { remove } from "./remove.ts";
import { send } from "./send.ts";
import { Senders } from "./sending/senders.ts";
import { openSource } from "./source.ts";
import { endLink } from "./state/end-link.ts";
import type { LinkState } from "./state/link-state.ts";
import { stats } from "./stats.ts";
import { Names } from "./topology.ts";

/** The version of the service's protocol for administration that the SDK uses. The service itself tells none. */
const SERVICE_VERSION = "2021-05";

/** Opens one connection. */
export async function openLink(
  settings: Settings,
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<core.Link<ServicebusNative>> {
  const connection = await openConnection(settings, signal);
  const state: LinkState = {
    settings,
    context,
    connection,
    names: new Names(settings.naming),
    senders: new Senders(connection),
    places: new PromiseCache(),
    givesBack: new Set(),
  };
  const ended = connection.lost.then(() => endLink(state));
  return linkOf(state, ended);
}

function linkOf(state: LinkState, ended: Promise<void>): core.Link<ServicebusNative> {
  const { connection, context } = state;
  const { client, admin } = connection;
  return {
    server: {
      product: "Azure Service Bus",
      version: SERVICE_VERSION,
      capabilities: refinement(context.topology, undefined),
    },
    native: { client, admin },
    lost: connection.lost,
    // A batch has up to 1 MiB. What is sent while four are on their way goes together.
    window: { messages: 10_000, bytes: 67_108_864, batches: 4 },
    declare: (entities, mode, signal) => declare(state, entities, mode, signal),
    send: (destination, batch, report, signal) => send(state, destination, batch, report, signal),
    open: (source, options, lost, signal) => openSource(state, source, options, lost, signal),
    stats: (source, signal) => stats(state, source, signal),
    deadLetters: (source) => new DeadLetters(state, source),
    remove: (entities, signal) => remove(state, entities, signal),
    purge: (entities, signal) => purge(state, entities, signal),
    health: (signal) => health(state, signal),
    async close(signal) {
      connection.end(closed("the connection was closed"));
      await orAborted(ended, signal);
    },
  };
}
