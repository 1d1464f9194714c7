// One program creates what all programs use. The others create nothing, so a misspelt name is an error, not a new queue.
import { type BrokerError, connect } from "@anybroker/memory";

const url = process.env.BROKER_URL ?? "memory:example";
const topology = {
  queues: { "example-invoices": {} },
  topics: { "example-signups": { subscriptions: { "welcome-mail": {} } } },
};

// In the deployment:
await using deployment = await connect(url);
await deployment.declare(topology);

// In each program:
await using broker = await connect(url, { topology: "verify" });
await broker.declare(topology); // rejects if something is missing or differs
console.log("everything is there");

await broker
  .queue("example-invioces")
  .send({ total: 12 })
  .catch(({ code, message }: BrokerError) => console.log(`${code}: ${message}`));
