// The order system of examples/orders: nothing is missing and nothing is doubled, whatever is killed.
import { mkdtemp, rm } from "node:fs/promises";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DatabaseSync } from "node:sqlite";
import { type Broker, type Connect, connect as connectMemory } from "@anybroker/core";
import { connect as connectKafka } from "@anybroker/kafka";
import { connect as connectRabbitmq } from "@anybroker/rabbitmq";
import { connect as connectRedis } from "@anybroker/redis";
import type { BrokerModule, TestBroker } from "@anybroker-internal/testkit/brokers/broker";
import { kafka } from "@anybroker-internal/testkit/brokers/kafka";
import { rabbitmq } from "@anybroker-internal/testkit/brokers/rabbitmq";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { freePorts } from "@anybroker-internal/testkit/free-ports";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { until } from "@anybroker-internal/testkit/until";
import { expect, test } from "vitest";
import { startApi } from "../examples/orders/api.ts";
import { confirmedOrders, orders, topology } from "../examples/orders/orders.ts";
import { openStore } from "../examples/orders/store.ts";
import { startBilling, startMailing } from "../examples/orders/subscribers.ts";
import { startWorker } from "../examples/orders/worker.ts";
import { admin, Clients, type Program, placed, poison, rows, startProgram, TABLES } from "./order-system.ts";

const PATIENCE = 60_000;

const sources = (broker: Broker) => [
  orders(broker),
  ...["billing", "mailing"].map((name) => confirmedOrders(broker).subscription(name)),
];

/** The orders in the dead letters of all sources. A dead letter can be there twice, like every message. */
async function deadOrders(broker: Broker): Promise<readonly (string | undefined)[]> {
  const found = new Set<string | undefined>();
  for (const { deadLetters } of sources(broker)) for await (const { id } of deadLetters.list()) found.add(id);
  return [...found];
}

/** Each order has one effect in each table, the poison order has none and is a dead letter, and no message is left. */
async function expectGoodEnd(broker: Broker, store: DatabaseSync): Promise<void> {
  const good = placed.filter(({ id }) => !poison.includes(id)).map(({ id }) => [id, 1]);
  for (const table of TABLES) expect(rows(store, table), table).toEqual(Object.fromEntries(good));
  expect(await deadOrders(broker)).toEqual(poison);
  for (const source of sources(broker)) {
    const { ready, delayed = 0, inFlight = 0 } = await source.stats();
    expect({ ready, delayed, inFlight }, source.name).toEqual({ ready: 0, delayed: 0, inFlight: 0 });
  }
}

async function openTemporaryStore(resources: AsyncDisposableStack): Promise<{ path: string; store: DatabaseSync }> {
  const folder = await mkdtemp(join(tmpdir(), "anybroker-orders-"));
  resources.defer(() => rm(folder, { recursive: true, force: true }));
  const path = join(folder, "orders.sqlite");
  return { path, store: resources.use(openStore(path)) };
}

test("on the embedded broker, in one process, all orders are handled once", async () => {
  await using resources = new AsyncDisposableStack();
  const { store } = await openTemporaryStore(resources);
  const broker = resources.use(await connectMemory("memory:", { logger: quietLogger }));
  await broker.declare(topology);
  await startWorker(broker, store);
  await startBilling(broker, store);
  await startMailing(broker, store);
  const api = resources.use(await startApi(broker, store, 0));
  // The cast is true: it listens on a port.
  const clients = new Clients((api.address() as AddressInfo).port);
  await clients.placeUpTo(placed.length);
  expect(clients).toMatchObject({ accepted: placed.length, refused: 0 });
  await until("all orders to be handled", PATIENCE, () => expectGoodEnd(broker, store));
});

interface Subject {
  readonly module: BrokerModule<TestBroker, never>;
  readonly connect: Connect;
  start(): Promise<TestBroker & { persist?(): Promise<void> }>;
}

const subjects: readonly Subject[] = [
  { module: rabbitmq, connect: connectRabbitmq, start: () => rabbitmq.start({}) },
  { module: redis, connect: connectRedis, start: () => redis.start({ config: ["--appendfsync", "always"] }) },
  { module: kafka, connect: connectKafka, start: () => kafka.start({}) },
];

for (const { module, connect, start } of subjects) {
  await withServers(module, () => {
    test("while workers, a subscriber and the server are killed, all accepted orders are handled once", async () => {
      await using resources = new AsyncDisposableStack();
      const server = await start();
      resources.defer(() => server.stop());
      const { path, store } = await openTemporaryStore(resources);
      const [port = 0] = await freePorts(1);
      const run = async (...services: string[]): Promise<Program> => {
        const program = await startProgram(services, { BROKER_URL: server.url, STORE: path, PORT: String(port) });
        resources.defer(() => program.kill());
        return program;
      };
      const since = performance.now();
      const [api, first, second, billing, mailing] = await Promise.all(
        ["api", "worker", "worker", "billing", "mailing"].map((service) => run(service)),
      );
      const broker = resources.use(await connect(server.url, { logger: quietLogger }));
      const clients = new Clients(port);
      const handled = (least: number, table: (typeof TABLES)[number]) =>
        expect
          .poll(() => Object.keys(rows(store, table)).length, { interval: 1, timeout: PATIENCE })
          .toBeGreaterThanOrEqual(least);

      // A worker and a subscriber are killed when they have just done something.
      const begin = clients.placeUpTo(25);
      await handled(5, "reservations");
      await first?.kill();
      await handled(5, "invoices");
      await billing?.kill();
      await begin;
      // What was made for retries and dead letters must survive too.
      await expect.poll(() => deadOrders(broker), { timeout: PATIENCE }).toEqual(poison);
      await server.persist?.();

      const before = Object.keys(rows(store, "reservations")).length;
      const rest = clients.placeUpTo(placed.length);
      await handled(before + 2, "reservations");
      await Promise.all([server.kill(), second?.kill()]);
      await expect.poll(() => clients.refused).toBeGreaterThan(0);
      await server.restart();
      const [third, otherBilling] = await Promise.all([run("worker"), run("billing")]);
      await rest;
      await until("all orders to be handled", PATIENCE, () => expectGoodEnd(broker, store));

      await Promise.all([api, third, otherBilling, mailing].map(async (program) => program?.stop()));
      // What a consumer still held would be there again.
      await expectGoodEnd(broker, store);
      expect(clients.accepted).toBe(placed.length);
      const listed = await admin(server.url, "list");
      expect(listed).not.toEqual([]);
      for (const line of listed) expect(line).toContain(`order ${poison[0]}, attempts-exhausted`);
      expect(await admin(server.url, "remove", "orders")).toEqual([`remove: ${listed.length}`]);
      expect(await admin(server.url, "list")).toEqual([]);
      const seconds = ((performance.now() - since) / 1_000).toFixed(1);
      console.log(
        `${module.label}: accepted ${clients.accepted}, refused ${clients.refused}, dead letters ${listed.length}, ${seconds} s`,
      );
    });
  });
}
