// On an ordered queue the messages of one key are handled in order, side by side with those of other keys.
import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@anybroker/memory";

await using broker = await connect(process.env.BROKER_URL ?? "memory:");
const orders = broker.queue<{ customer: string; step: string }>("example-orders", { ordered: true });
const steps = ["placed", "paid", "packed", "sent"];
const customers = ["Ada", "Bob", "Cleo"];
const seen = new Map(customers.map((customer) => [customer, [] as string[]]));
const done = Promise.withResolvers<void>();

await using _consumer = await orders.consume(
  async ({ body }) => {
    await sleep(Math.random() * 20); // some take longer than others
    seen.get(body.customer)?.push(body.step);
    if ([...seen.values()].every((list) => list.length === steps.length)) done.resolve();
  },
  { concurrency: 8 },
);

await Promise.all(
  steps.flatMap((step) => customers.map((customer) => orders.send({ customer, step }, { key: customer }))),
);
await done.promise;
for (const [customer, list] of seen) console.log(`${customer}: ${list.join(", ")}`);
