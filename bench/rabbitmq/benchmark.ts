import { readFileSync } from "node:fs";
import amqplib from "amqplib";
import type { Benchmark } from "../contender.ts";

const manifest = new URL("package.json", import.meta.resolve("amqplib"));
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

/** RabbitMQ against amqplib. */
export const rabbitmq: Benchmark = {
  client: `amqplib ${version}`,
  contenders: {
    plain: async () => (await import("./plain.ts")).open,
    expert: async () => (await import("./expert.ts")).open,
    ours: async () => (await import("./ours.ts")).open,
  },
  async start() {
    // Imported here, so that the processes of the contenders do not load it.
    const { rabbitmq: server } = await import("@anybroker-internal/testkit/brokers/rabbitmq");
    const { url, version, stop } = await server.start({});
    return { url, version: `RabbitMQ ${version}`, stop };
  },
  async clean(url, queue, mustBeEmpty) {
    const connection = await amqplib.connect(url);
    const channel = await connection.createChannel();
    const { messageCount } = await channel.deleteQueue(queue);
    await channel.deleteQueue(`${queue}.dlq`);
    await connection.close();
    if (mustBeEmpty && messageCount > 0) throw new Error(`${messageCount} messages of ${queue} were not acked`);
  },
};
