// What the programs have agreed on: the names and bodies of their messages. The id of a message is the id of its order.
import type { Broker, Message, Topology } from "@anybroker/core";
import * as v from "valibot";

const Order = v.object({
  article: v.pipe(v.string(), v.nonEmpty()),
  quantity: v.pipe(v.number(), v.integer(), v.minValue(1)),
});

export type Order = v.InferOutput<typeof Order>;

/** Each program declares all of it: an event that is published before its subscriptions exist would be lost. */
export const topology: Topology = {
  queues: { orders: {} },
  topics: { "orders.confirmed": { subscriptions: { billing: {}, mailing: {} } } },
};

/** The orders to handle. Each is handled by one of the workers. */
export const orders = (broker: Broker) => broker.queue("orders", { schema: Order });

/** The orders that the warehouse has confirmed. Each subscription gets all of them. */
export const confirmedOrders = (broker: Broker) => broker.topic("orders.confirmed", { schema: Order });

/** The id of the order that a message is about. */
export function orderId({ id }: Message): string {
  if (id === undefined) throw new Error("a message without an id");
  return id;
}
