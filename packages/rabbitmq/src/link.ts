import type * as core from "@anybroker/core/driver";
import { connectToAny, Naming, orAborted, PromiseCache, Turns } from "@anybroker/core/driver";
import type { ChannelModel } from "amqplib";
import { refinement } from "./capabilities.ts";
import { openConnection } from "./connection.ts";
import { deadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { classify } from "./errors.ts";
import { health } from "./health.ts";
import type { Settings } from "./options.ts";
import { Publishers } from "./publishing/publishers.ts";
import { purge } from "./purge.ts";
import { remove } from "./remove.ts";
import { send } from "./send.ts";
import { openSource } from "./source.ts";
import type { LinkState } from "./state/link-state.ts";
import { stats } from "./stats.ts";

/** amqplib's connections, for what anybroker does not offer. */
export interface RabbitmqNative {
  /** The server stops reading from this connection during a resource alarm. */
  readonly publishing: ChannelModel;
  readonly consuming: ChannelModel;
}

const LOCALHOST: core.Host = { host: "localhost", port: undefined };

/** Opens one connection, to the first host that can be reached. */
export async function openLink(
  settings: Settings,
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<core.Link<RabbitmqNative>> {
  const { hosts } = settings.address;
  const state = await connectToAny(hosts.length === 0 ? [LOCALHOST] : hosts, classify, signal, (host) =>
    connectTo(host, settings, context, signal),
  );
  return linkOf(state);
}

async function connectTo(
  host: core.Host,
  settings: Settings,
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<LinkState> {
  const publishing = await openConnection(settings, host, "publishing", context.lease, signal);
  const opening = openConnection(settings, host, "consuming", context.lease, signal);
  opening.catch(publishing.cut);
  const consuming = await opening;
  const delaySteps = new PromiseCache<string, unknown>();
  const missingAt = new Map<string, number>();
  const publishers = new Publishers(publishing, (name) => {
    // A missing step is created again when it is next needed.
    delaySteps.delete(name);
    missingAt.set(name, Date.now());
  });
  return {
    settings,
    context,
    naming: new Naming(settings.naming),
    host,
    publishing,
    consuming,
    publishers,
    delaySteps,
    ladders: new PromiseCache(),
    matchingQueues: new Set(),
    otherFilters: new Set(),
    missingAt,
    deadLetterTurns: new Turns(),
  };
}

function linkOf(state: LinkState): core.Link<RabbitmqNative> {
  const { publishing, consuming, context, naming } = state;
  const { product, version } = consuming.model.connection.serverProperties;
  const cut = (): void => {
    publishing.cut();
    consuming.cut();
  };
  return {
    server: { product, version, capabilities: refinement(version, context.topology) },
    native: { publishing: publishing.model, consuming: consuming.model },
    lost: Promise.race([publishing.lost, consuming.lost]).finally(cut),
    // With more in flight the server gets slower.
    window: { messages: 512, bytes: 67_108_864 },
    declare: (entities, mode, signal) => declare(state, entities, mode, signal),
    send: (destination, batch, report, signal) => send(state, destination, batch, report, signal),
    open: (source, options, lost, signal) => openSource(state, source, options, lost, signal),
    stats: (source, signal) => stats(state, naming.source(source), signal),
    deadLetters: (source) => deadLetters(state, naming.source(source)),
    remove: (entities, signal) => remove(state, entities, signal),
    purge: (entities, signal) => purge(state, entities, signal),
    health: (signal) => health(state, signal),
    async close(signal) {
      // `model.close` rejects when the connection is closing already, and never settles when the connection is lost.
      const closing = [publishing, consuming].map(({ model, lost }) => Promise.race([model.close(), lost]));
      await orAborted(Promise.allSettled(closing), signal).finally(cut);
    },
  };
}
