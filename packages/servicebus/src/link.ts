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
import { administer } from "./state/administration.ts";
import { endLink } from "./state/end-link.ts";
import type { LinkState } from "./state/link-state.ts";
import { stats } from "./stats.ts";
import { Names } from "./topology.ts";

/** The version of the service's protocol for administration that the SDK uses. The service itself tells none. */
const SERVICE_VERSION = "2021-05";

/** How long the question for the tier may take, in ms. */
const TIER_TIME = 2_000;

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
    names: new Names(settings.naming, settings.entityPath),
    senders: new Senders(connection),
    places: new PromiseCache(),
    partitioned: new Set(),
    givesBack: new Set(),
  };
  const ended = connection.lost.then(() => endLink(state));
  const tier = await tierOf(state, signal);
  return linkOf(state, tier, ended);
}

function linkOf(state: LinkState, tier: string | undefined, ended: Promise<void>): core.Link<ServicebusNative> {
  const { connection, context } = state;
  const { client, admin } = connection;
  return {
    server: {
      product: "Azure Service Bus",
      version: SERVICE_VERSION,
      capabilities: refinement(context.topology, tier),
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
    health: (signal) => health(state, tier, signal),
    async close(signal) {
      connection.end(closed("the connection was closed"));
      await orAborted(ended, signal);
    },
  };
}

/** The tier of the namespace, if the account may know it. */
async function tierOf(state: LinkState, signal: AbortSignal): Promise<string | undefined> {
  // The administration may be out of reach where the messages are not.
  const limit = AbortSignal.any([signal, AbortSignal.timeout(TIER_TIME)]);
  const asked = administer(state, "looking at the namespace", limit, (admin, some) =>
    admin.getNamespaceProperties(some),
  );
  return asked.then(
    ({ messagingSku }) => messagingSku,
    () => undefined,
  );
}
