import type * as core from "@anybroker/core/driver";
import { CONTRACT, formatAddress, Naming, orAborted } from "@anybroker/core/driver";
import { capabilities, type KafkaCapabilities } from "./capabilities.ts";
import type { Client } from "./client.ts";
import { Cluster, type Life, LOOK } from "./cluster.ts";
import { DeadLetters } from "./dead-letters.ts";
import { declare } from "./declare.ts";
import { classify, explained } from "./errors.ts";
import { kafkajsClient } from "./kafkajs.ts";
import type { Settings } from "./options.ts";
import { platformaticClient } from "./platformatic.ts";
import { send, Writer } from "./send.ts";
import { openSource } from "./source.ts";
import { stats } from "./stats.ts";

/** Makes a driver, from which the options cannot be read. */
export function driverWith(settings: Settings): core.Driver<KafkaCapabilities, unknown> {
  const client = settings.client === "platformatic" ? platformaticClient(settings) : kafkajsClient(settings);
  const strays = new Map<string, Set<string>>();
  return {
    contract: CONTRACT,
    name: "kafka",
    address: formatAddress(settings.address),
    capabilities,
    classify,
    connect: async (context, signal) => connect(client, settings, strays, context, signal),
  };
}

async function connect(
  client: Client,
  settings: Settings,
  strays: Life["strays"],
  context: core.LinkContext,
  signal: AbortSignal,
): Promise<core.Link<unknown>> {
  const session = await client(signal).catch((error: unknown) => Promise.reject(explained(error)));
  const cluster = new Cluster(session);
  const writer = new Writer({ session, cluster });
  const sources = new Set<core.Source>();
  const naming = new Naming(settings.naming);
  const life: Life = { settings, context, naming, session, cluster, writer, open: client, strays };
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
    async health(until) {
      await orAborted(session.metadata([]), until);
      return { degraded: undefined, details: { protocol: session.version } };
    },
    async close() {
      session.close();
      await lost;
    },
  };
}
