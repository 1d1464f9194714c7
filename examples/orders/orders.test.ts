// The order system in this process, on the embedded broker: with a clock that the tests move, no retry takes real time.
import type { AddressInfo } from "node:net";
import type { DatabaseSync } from "node:sqlite";
import { connect, type Logger, manualClock, memory } from "@anybroker/memory";
import { expect, test } from "vitest";
import { admin } from "./admin-commands.ts";
import { startApi } from "./api.ts";
import { orders, topology } from "./orders.ts";
import { openStore } from "./store.ts";
import { startBilling, startMailing } from "./subscribers.ts";
import { startWorker, type Warehouse } from "./worker.ts";

const logger: Logger = { debug() {}, info() {}, warn() {}, error() {} };

/** Starts everything, with a warehouse that each test chooses. */
async function start(warehouse: Warehouse) {
  const clock = manualClock();
  const broker = await connect(memory(), { clock, logger });
  const store = openStore(":memory:");
  await broker.declare(topology);
  await startWorker(broker, store, warehouse);
  await startBilling(broker, store);
  await startMailing(broker, store);
  const api = await startApi(broker, store, 0);
  // The cast is true: it listens on a port.
  const url = `http://localhost:${(api.address() as AddressInfo).port}/orders`;
  return {
    broker,
    clock,
    store,
    post: (order: unknown, key: string) =>
      fetch(url, { method: "POST", body: JSON.stringify(order), headers: { "idempotency-key": key } }),
    get: async (id: string) => (await fetch(`${url}/${id}`)).json(),
    run: (...args: string[]) => admin(broker, args),
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]();
      await broker.close();
      store.close();
    },
  };
}

const count = (store: DatabaseSync, table: string) => store.prepare(`SELECT count(*) AS n FROM ${table}`).get()?.n;
const counts = (store: DatabaseSync) => ["reservations", "invoices", "mails"].map((table) => count(store, table));
const works: Warehouse = async () => {};

test("an accepted order is reserved, and gets one invoice and one mail", async () => {
  await using system = await start(works);
  const response = await system.post({ article: "lamp", quantity: 2 }, "order-1");
  expect(response.status).toBe(202);
  await system.clock.advance(0);
  expect(await system.get("order-1")).toEqual({ id: "order-1", article: "lamp", quantity: 2, status: "confirmed" });
  expect(counts(system.store)).toEqual([1, 1, 1]);
});

test("an order is retried until the warehouse works again", async () => {
  const failing: Warehouse = async (_id, _order, attempt) => {
    if (attempt < 3) throw new Error("the warehouse is busy");
  };
  await using system = await start(failing);
  await system.post({ article: "vase", quantity: 1 }, "order-1");
  await system.clock.advance(0);
  expect(await system.get("order-1")).toMatchObject({ status: "accepted" });
  await system.clock.advance(3_000);
  expect(await system.get("order-1")).toMatchObject({ status: "confirmed" });
});

test("an order that always fails is a dead letter, and is handled when the bug is fixed and it is replayed", async () => {
  let fixed = false;
  const broken: Warehouse = async () => {
    if (!fixed) throw new Error("the warehouse knows no unicorn");
  };
  await using system = await start(broken);
  await system.post({ article: "unicorn", quantity: 1 }, "order-1");
  await system.clock.advance(10_000);
  expect(await system.run("list")).toEqual([expect.stringContaining("order-1, attempts-exhausted after 4 attempts")]);
  expect(await system.run("stats")).toContainEqual(expect.stringMatching(/^orders: .*"dead":1/));
  fixed = true;
  expect(await system.run("replay", "orders")).toEqual(["replay: 1"]);
  await system.clock.advance(0);
  expect(counts(system.store)).toEqual([1, 1, 1]);
  expect(await system.run("remove", "orders")).toEqual(["remove: 0"]);
});

test("two copies of an order that are handled at the same time have one effect", async () => {
  const both = Promise.withResolvers<void>();
  let calls = 0;
  const waiting: Warehouse = () => {
    calls += 1;
    if (calls === 2) both.resolve();
    return both.promise;
  };
  await using system = await start(waiting);
  const queue = orders(system.broker);
  await Promise.all([1, 2].map(() => queue.send({ article: "lamp", quantity: 1 }, { id: "order-1" })));
  await system.clock.advance(0);
  expect(calls).toBe(2);
  expect(counts(system.store)).toEqual([1, 1, 1]);
});

test("an order that the schema refuses is 400", async () => {
  await using system = await start(works);
  const response = await system.post({ article: "lamp", quantity: 0 }, "order-1");
  expect(response.status).toBe(400);
  expect(await response.json()).toMatchObject({ error: expect.stringContaining("quantity") });
});

test("while the broker refuses an order the answer is 503, and the same key can be used again", async () => {
  await using system = await start(works);
  const refused = Promise.withResolvers<void>();
  system.broker.native?.interfere(({ kind }) => {
    if (kind !== "send") return undefined;
    refused.resolve();
    return "refuse";
  });
  const response = system.post({ article: "lamp", quantity: 1 }, "order-1");
  await refused.promise;
  await system.clock.advance(5_000);
  expect((await response).status).toBe(503);
  system.broker.native?.interfere(undefined);
  const again = system.post({ article: "lamp", quantity: 1 }, "order-1");
  // The broker object waits before it tries again, by the clock.
  const later = async () => {
    await system.clock.advance(100);
    return counts(system.store);
  };
  await expect.poll(later).toEqual([1, 1, 1]);
  expect((await again).status).toBe(202);
});
