// The URL chooses among the adapters that the program passes. A program that is bundled into one file needs this.
import { connect } from "@anybroker/core";

const rabbitmq = async () => (await import("@anybroker/rabbitmq")).adapter;
const redis = async () => (await import("@anybroker/redis")).adapter;
const kafka = async () => (await import("@anybroker/kafka")).adapter;

await using broker = await connect(process.env.BROKER_URL ?? "memory:", {
  drivers: {
    memory: async () => (await import("@anybroker/memory")).adapter,
    amqp: rabbitmq,
    amqps: rabbitmq,
    redis,
    rediss: redis,
    kafka,
    "kafka+ssl": kafka,
  },
});
const greetings = broker.queue<string>("example-drivers");
const done = Promise.withResolvers<void>();

await greetings.send("Hello!");
await greetings.consume(({ body }) => {
  console.log(body);
  done.resolve();
});
await done.promise;
