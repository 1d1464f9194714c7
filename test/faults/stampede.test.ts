// The load on a server that comes back to many clients that wait for it.

import { setTimeout as pause } from "node:timers/promises";
import type { Connect } from "@anybroker/core";
import { connect as connectRabbitmq } from "@anybroker/rabbitmq";
import { connect as connectRedis } from "@anybroker/redis";
import type { BrokerModule, TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import { rabbitmq } from "@anybroker-internal/testkit/brokers/rabbitmq";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { startProxy } from "@anybroker-internal/testkit/proxy";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { describe, expect, test } from "vitest";

const full = process.env.ANYBROKER_FAULTS === "full";
const CLIENTS = 200;
const OUTAGE = 10_000;
/** How often the connections are counted, in ms. */
const STEP = 100;

interface Subject {
  readonly module: BrokerModule<TestBroker, never>;
  readonly connect: Connect;
  start(): Promise<TestBroker>;
}

const subjects: readonly Subject[] = [
  { module: rabbitmq, connect: connectRabbitmq, start: () => rabbitmq.start({}) },
  { module: redis, connect: connectRedis, start: () => redis.start({}) },
];

async function comeback({ start, connect }: Subject) {
  await using resources = new AsyncDisposableStack();
  const server = await start();
  resources.defer(() => server.stop());
  const proxy = resources.use(await startProxy(Number(new URL(server.url).port)));
  const brokers = await Promise.all(
    Array.from({ length: CLIENTS }, async () =>
      resources.use(await connect(proxy.through(server.url), { logger: quietLogger })),
    ),
  );
  const queues = brokers.map((broker) => broker.queue<number, number>("stampede"));
  await Promise.all(queues.map((queue) => queue.send(0)));
  await proxy.down();
  const sends = Promise.all(queues.map((queue) => queue.send(1, { timeout: OUTAGE + 20_000 })));
  sends.catch(() => {});
  await pause(OUTAGE);
  const { made } = proxy.connections;
  const back = performance.now();
  await proxy.up();
  const perStep: number[] = [];
  let before = made;
  const timer = setInterval(() => {
    perStep.push(proxy.connections.made - before);
    before = proxy.connections.made;
  }, STEP);
  resources.defer(() => clearInterval(timer));
  await sends;
  return {
    lastSend: performance.now() - back,
    connections: proxy.connections.made - made,
    busiest: Math.max(...perStep),
  };
}

describe.skipIf(!full)("two hundred clients wait for a server", async () => {
  for (const subject of subjects) {
    await withServers(subject.module, () => {
      const title = "which comes back: all have sent within five seconds, and do not come at once";
      test(title, { timeout: 120_000 }, async () => {
        const { lastSend, connections, busiest } = await comeback(subject);
        const most = `at most ${busiest} of ${connections} connections in ${STEP} ms`;
        console.log(`${subject.module.label}: ${most}, the last send after ${lastSend.toFixed(0)} ms`);
        expect(lastSend).toBeLessThan(5_000);
        expect(busiest).toBeLessThan(connections / 4);
      });
    });
  }
});
