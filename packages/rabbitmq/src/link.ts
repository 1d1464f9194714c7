import type * as core from "@anybroker/core/driver";
import { Naming, orAborted } from "@anybroker/core/driver";
import type { ChannelModel } from "amqplib";
import { refinement } from "./capabilities.ts";
import { openConnection } from "./connection.ts";
import { deadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { classify } from "./errors.ts";
import { health } from "./health.ts";
import type { Settings } from "./options.ts";
import { Publishers } from "./publishing/publishers.ts";
import { send } from "./send.ts";
import { openSource } from "./source.ts";
import type { LinkState } from "./state/link-state.ts";
import { stats } from "./stats.ts";

/** amqplib's connections, for what anybroker does not offer. */
export interface RabbitmqNative {
  /** The server stops reading from it during a resource alarm. */
  readonly publishing: ChannelModel;
  readonly consuming: ChannelModel;
}

/** Opens one life of the connection. Tries the hosts in turn; a refusal by one speaks for all. */
export async function openLink(
  settings: Settings,
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<core.Link<RabbitmqNative>> {
  const { hosts } = settings.address;
  let last: unknown;
  for (const host of hosts.length === 0 ? [{ host: "localhost", port: undefined }] : hosts) {
    try {
      return linkOf(await connect(settings, context, host, signal));
    } catch (error) {
      last = error;
      if (signal.aborted || !classify(error).retryable) break;
    }
  }
  throw last;
}

async function connect(
  settings: Settings,
  context: core.LinkContext,
  host: core.Host,
  signal: AbortSignal,
): Promise<LinkState> {
  const publishing = await openConnection(settings, host, "publishing", context.lease, signal);
  const opening = openConnection(settings, host, "consuming", context.lease, signal);
  opening.catch(publishing.cut);
  const consuming = await opening;
  const steps = new Map<string, Promise<unknown>>();
  const gone = new Map<string, number>();
  const publishers = new Publishers(publishing, (name) => {
    // What was not there is made again when it is used next.
    steps.delete(name);
    gone.set(name, Date.now());
  });
  return {
    settings,
    context,
    host,
    naming: new Naming(settings.naming),
    publishing,
    consuming,
    publishers,
    steps,
    exact: new Set(),
    gone,
    looks: new Map(),
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
    health: (signal) => health(state, signal),
    async close(signal) {
      // It rejects when the connection is closing already, and one that is lost meanwhile never answers.
      const closing = [publishing, consuming].map(({ model, lost }) => Promise.race([model.close(), lost]));
      await orAborted(Promise.allSettled(closing), signal).finally(cut);
    },
  };
}
