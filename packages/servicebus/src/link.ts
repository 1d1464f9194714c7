import type * as core from "@anybroker/core/driver";
import { closed, orAborted, unsupported } from "@anybroker/core/driver";
import { refinement } from "./capabilities.ts";
import { openConnection, type ServicebusNative } from "./connection.ts";
import type { Settings } from "./options.ts";
import { send } from "./send.ts";
import { Senders } from "./sending/senders.ts";
import { openSource } from "./source.ts";
import { endLink } from "./state/end-link.ts";
import type { LinkState } from "./state/link-state.ts";
import { Names } from "./topology.ts";

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
    givesBack: new Set(),
  };
  const ended = connection.lost.then(() => endLink(state));
  return linkOf(state, ended);
}

function linkOf(state: LinkState, ended: Promise<void>): core.Link<ServicebusNative> {
  const { connection, context } = state;
  const { client, admin } = connection;
  return {
    server: { product: "Azure Service Bus", version: "", capabilities: refinement(context.topology, undefined) },
    native: { client, admin },
    lost: connection.lost,
    // A batch has up to 1 MiB. What is sent while four are on their way goes together.
    window: { messages: 10_000, bytes: 67_108_864, batches: 4 },
    declare: async () => [],
    send: (destination, batch, report, signal) => send(state, destination, batch, report, signal),
    open: (source, options, lost, signal) => openSource(state, source, options, lost, signal),
    stats: async () => {
      throw unsupported("stats");
    },
    deadLetters: () => {
      throw unsupported("deadLetters");
    },
    health: async () => ({ degraded: undefined, details: {} }),
    async close(signal) {
      connection.end(closed("the connection was closed"));
      await orAborted(ended, signal);
    },
  };
}
