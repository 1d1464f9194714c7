// Two subscriptions of one topic: each gets its own copy of every order, and retries its own failures.
import type { DatabaseSync } from "node:sqlite";
import type { Broker, Consumer } from "@anybroker/core";
import { confirmedOrders, orderId } from "./orders.ts";
import { once } from "./store.ts";

export function startBilling(broker: Broker, store: DatabaseSync): Promise<Consumer> {
  const insert = store.prepare("INSERT INTO invoices VALUES (?, ?)");
  return confirmedOrders(broker).subscribe(
    "billing",
    (message) => {
      const id = orderId(message);
      once(store, "billing", id, () => insert.run(id, `${message.body.quantity} × ${message.body.article}`));
    },
    { concurrency: 4 },
  );
}

/** Writes mails into a table. A mail cannot be in a transaction: a real one needs a service that knows its id. */
export function startMailing(broker: Broker, store: DatabaseSync): Promise<Consumer> {
  const insert = store.prepare("INSERT INTO mails VALUES (?, ?)");
  return confirmedOrders(broker).subscribe(
    "mailing",
    (message) => {
      const id = orderId(message);
      once(store, "mailing", id, () => insert.run(id, `Your ${message.body.article} will be with you soon.`));
    },
    { concurrency: 4 },
  );
}
