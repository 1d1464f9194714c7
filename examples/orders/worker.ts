import type { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";
import type { Broker, Consumer } from "@anybroker/core";
import { confirmedOrders, type Order, orderId, orders } from "./orders.ts";
import { once } from "./store.ts";

/** Reserves the articles of an order. A call with the id of an earlier one changes nothing. */
export type Warehouse = (id: string, order: Order, attempt: number) => Promise<void>;

/** Stands for a service on the network: vases fail twice, and unicorns always. */
const warehouse: Warehouse = async (_, { article }, attempt) => {
  await sleep(20);
  if (article === "vase" && attempt < 3) throw new Error("the warehouse is busy");
  if (article === "unicorn") throw new Error("the warehouse knows no unicorn");
};

/** Handles orders: reserves the articles, and tells everybody. */
export function startWorker(broker: Broker, store: DatabaseSync, reserve: Warehouse = warehouse): Promise<Consumer> {
  const confirmed = confirmedOrders(broker);
  const insert = store.prepare("INSERT INTO reservations VALUES (?, ?, ?)");
  const confirm = store.prepare(
    "INSERT INTO orders VALUES (?, ?, ?, 'confirmed') ON CONFLICT DO UPDATE SET status = 'confirmed'",
  );
  return orders(broker).consume(
    async (message) => {
      const { body, attempt } = message;
      const id = orderId(message);
      await reserve(id, body, attempt);
      once(store, "worker", id, () => {
        insert.run(id, body.article, body.quantity);
        confirm.run(id, body.article, body.quantity);
      });
      // Also for a duplicate: the process may have died after the transaction. The subscribers drop it by its id.
      await confirmed.publish(body, { id });
    },
    // Waits of 0.5, 1.5 and 4.5 s. After the fourth attempt the order is in the dead letters.
    { concurrency: 4, retry: { attempts: 4, backoff: { initial: 500, factor: 3 } } },
  );
}
