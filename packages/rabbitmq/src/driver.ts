import type * as core from "@anybroker/core/driver";
import { BrokerError, CONTRACT, DELAY_STEPS, formatAddress, Naming, orAborted } from "@anybroker/core/driver";
import type { ChannelModel } from "amqplib";
import { capabilities, type RabbitmqCapabilities, refinement } from "./capabilities.ts";
import { onChannel, openConnection } from "./connection.ts";
import { deadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { classify, codeOf } from "./errors.ts";
import type { Life } from "./life.ts";
import { type RabbitmqOptions, type Settings, settingsOf } from "./options.ts";
import { send } from "./send.ts";
import { openSource } from "./source.ts";
import { deadLettersOf, stepOf } from "./topology.ts";

/** amqplib's connections, for what anybroker does not offer. */
export interface RabbitmqNative {
  /** The server stops reading from it during a resource alarm. */
  readonly publishing: ChannelModel;
  readonly consuming: ChannelModel;
}

/**
 * Makes a driver for RabbitMQ 3.10 and later. It connects when a broker is made from it.
 *
 * Throws `INVALID_CONFIG`, naming the option, for what is unknown or of the wrong kind.
 */
export function rabbitmq(options: RabbitmqOptions): core.Driver<RabbitmqCapabilities, RabbitmqNative> {
  // Out of sight: from the driver the options cannot be read.
  const settings = settingsOf(options);
  return {
    contract: CONTRACT,
    name: "rabbitmq",
    address: formatAddress(settings.address),
    capabilities,
    classify,
    connect: (context, signal) => connect(settings, context, signal),
  };
}

/** Tries the hosts in turn; a refusal by one speaks for all. */
async function connect(
  settings: Settings,
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<core.Link<RabbitmqNative>> {
  const { hosts } = settings.address;
  let last: unknown;
  for (const host of hosts.length === 0 ? [{ host: "localhost", port: undefined }] : hosts) {
    try {
      const publishing = await openConnection(settings, host, "publishing", context.lease, signal);
      const opening = openConnection(settings, host, "consuming", context.lease, signal);
      opening.catch(publishing.cut);
      const [naming, consuming] = [new Naming(settings.naming), await opening];
      const exact = new Set<string>();
      const caches = { publishers: new Map(), steps: new Map(), exact, gone: new Map(), looks: new Map() };
      return linkOf({ settings, context, naming, publishing, consuming, ...caches }, host);
    } catch (error) {
      last = error;
      if (signal.aborted || !classify(error).retryable) break;
    }
  }
  throw last;
}

function linkOf(life: Life, { host, port }: core.Host): core.Link<RabbitmqNative> {
  const { publishing, consuming, context } = life;
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
    declare: (...call) => declare(life, ...call),
    send: (...call) => send(life, ...call),
    open: (...call) => openSource(life, ...call),
    stats: (source, signal) => stats(life, life.naming.source(source), signal),
    deadLetters: (source) => deadLetters(life, life.naming.source(source)),
    async health(signal) {
      // A round trip that needs no right.
      await onChannel(consuming, signal, () => Promise.resolve());
      const alarm = publishing.blocked();
      const degraded = alarm === undefined ? undefined : `the server takes no messages at present: ${alarm}`;
      return { degraded, details: { host: port === undefined ? host : `${host}:${port}`, version } };
    },
    async close(signal) {
      // It rejects when the connection is closing already, and one that is lost meanwhile never answers.
      const closing = [publishing, consuming].map(({ model, lost }) => Promise.race([model.close(), lost]));
      await orAborted(Promise.allSettled(closing), signal).finally(cut);
    },
  };
}

async function stats(life: Life, queue: string, signal: AbortSignal): Promise<core.Stats> {
  const steps = DELAY_STEPS.map((ms) => stepOf(queue, ms));
  const counts = [queue, deadLettersOf(queue), ...steps].map((name) => count(life, name, signal));
  const [ready, dead, ...delayed] = await Promise.all(counts);
  if (ready === null) throw new BrokerError("NOT_FOUND", `no queue ${queue}`);
  const sum = delayed.reduce<number>((total, one) => total + (one ?? 0), 0);
  return { ready, delayed: delayed.includes(undefined) ? undefined : sum, inFlight: undefined, dead: dead ?? 0 };
}

/** Messages that are ready in a queue; null where there is none, undefined where we may not know. */
async function count({ consuming }: Life, queue: string, signal: AbortSignal): Promise<number | null | undefined> {
  try {
    return (await onChannel(consuming, signal, (channel) => channel.checkQueue(queue))).messageCount;
  } catch (error) {
    if (codeOf(error) === 404) return null;
    if (codeOf(error) === 403) return undefined;
    throw error;
  }
}
