// How fast consumers stay while their connections break: a cut is not a crash, so nothing may slow down after it.

import { setTimeout as pause } from "node:timers/promises";
import type { Connect, Declared, Queue } from "@anybroker/core";
import { connect as connectKafka } from "@anybroker/kafka";
import { connect as connectRabbitmq } from "@anybroker/rabbitmq";
import { connect as connectRedis } from "@anybroker/redis";
import type { BrokerModule, TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import { kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { rabbitmq } from "@anybroker-internal/testkit/brokers/rabbitmq";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { startProxy, type TcpProxy } from "@anybroker-internal/testkit/proxy";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { describe, expect, test } from "vitest";

/** Minutes of load, so only in the full form. */
const full = process.env.ANYBROKER_FAULTS === "full";
const HANDLER = 200;
const CONCURRENCY = 50;
const CUTS = 10;
const BETWEEN_CUTS = 6_000;

interface Subject {
  readonly connect: Connect;
  readonly module: BrokerModule<TestBroker, never>;
  /** Starts a server, and a proxy in front of it. */
  start(): Promise<{ readonly server: TestBroker; readonly proxy: TcpProxy }>;
}

const subjects: readonly Subject[] = [
  ...[
    { module: rabbitmq, connect: connectRabbitmq },
    { module: redis, connect: connectRedis },
  ].map(({ module, connect }) => ({
    module,
    connect,
    async start() {
      const server = await module.start({});
      return { server, proxy: await startProxy(Number(new URL(server.url).port)) };
    },
  })),
  {
    module: kafka,
    connect: connectKafka,
    async start() {
      const server = await kafka.start({ proxied: 1 });
      const { port = 0, advertised = 0 } = server.proxied[0] ?? {};
      return { server, proxy: await startProxy(port, advertised) };
    },
  },
];

/** Sends without end, so that consumers never wait for messages. */
async function keepFull(queue: Queue<Declared, number, number>, stop: AbortSignal): Promise<void> {
  for (let number = 0; !stop.aborted; number += 50) {
    const batch = Array.from({ length: 50 }, (_, index) =>
      queue.send(number + index, { key: `${(number + index) % 400}` }),
    );
    await Promise.allSettled(batch);
    // A little more than the consumers can take.
    await pause(90);
  }
}

const urlBehind = (server: TestBroker, proxy: TcpProxy): string =>
  server.url.replace(/(\/\/(?:[^@/]*@)?[^:/]+):\d+/, `$1:${proxy.port}`);

async function rateThroughCuts({ start, connect }: Subject, ordered: boolean, processes: number) {
  const { server, proxy } = await start();
  await using resources = new AsyncDisposableStack();
  resources.defer(() => server.stop());
  resources.defer(() => proxy.close());
  let handled = 0;
  const stop = new AbortController();
  const sending = resources.use(await connect(server.url));
  const name = `throughput-${Date.now().toString(36)}`;
  for (let process = 0; process < processes; process += 1) {
    const url = process === 0 ? urlBehind(server, proxy) : server.url;
    const broker = resources.use(await connect(url, { reconnect: { initial: 50 }, logger: quietLogger }));
    const handler = async (): Promise<void> => {
      await pause(HANDLER);
      handled += 1;
    };
    const options = { concurrency: CONCURRENCY, onError: () => {} };
    resources.use(await broker.queue<number, number>(name, { ordered }).consume(handler, options));
  }
  const load = keepFull(sending.queue<number, number>(name, { ordered }), stop.signal);
  resources.defer(() => {
    stop.abort();
    return load;
  });
  const rate = async (run: () => Promise<void>): Promise<number> => {
    const before = handled;
    const since = performance.now();
    await run();
    return ((handled - before) * 1_000) / (performance.now() - since);
  };
  await pause(3_000);
  const undisturbed = await rate(() => pause(10_000));
  const disturbed = await rate(async () => {
    for (let cut = 0; cut < CUTS; cut += 1) {
      proxy.cut();
      await pause(BETWEEN_CUTS);
    }
  });
  return { undisturbed, disturbed };
}

describe.skipIf(!full)("throughput through ten cuts in a minute", async () => {
  for (const subject of subjects) {
    await withServers(subject.module, () => {
      test.each([
        ["unordered", 1],
        ["ordered", 1],
        ["unordered", 2],
        ["ordered", 2],
      ])(
        "%s, consumers in %i broker objects of which the first is cut: at least 80 % of the undisturbed rate",
        { timeout: 300_000 },
        async (kind, processes) => {
          const rates = await rateThroughCuts(subject, kind === "ordered", processes);
          const [before, through] = [rates.undisturbed.toFixed(0), rates.disturbed.toFixed(0)];
          console.log(
            `${subject.module.label}, ${kind}, ${processes}: ${before}/s undisturbed, ${through}/s through cuts`,
          );
          expect(rates.disturbed).toBeGreaterThan(0.8 * rates.undisturbed);
        },
      );
    });
  }
});
