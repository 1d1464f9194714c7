import { readFileSync } from "node:fs";
import { Kafka, logLevel } from "kafkajs";
import type { Benchmark } from "../contender.ts";
import { brokersOf } from "./queue.ts";

const manifest = new URL("package.json", import.meta.resolve("kafkajs"));
const { version } = JSON.parse(readFileSync(manifest, "utf8")) as { version: string };

/** Kafka against kafkajs. */
export const kafka: Benchmark = {
  client: `kafkajs ${version}`,
  contenders: {
    plain: async () => (await import("./plain.ts")).open,
    expert: async () => (await import("./expert.ts")).open,
    ours: async () => (await import("./ours.ts")).open,
  },
  async start() {
    // Imported here, so that the processes of the contenders do not load it.
    const { kafka: server } = await import("@anybroker-internal/testkit/brokers/kafka");
    const { url, version, stop } = await server.start({});
    return { url, version: `Kafka ${version}`, stop };
  },
  async clean(url, queue, mustBeEmpty) {
    const admin = new Kafka({ brokers: brokersOf(url), logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const ends = await admin.fetchTopicOffsets(queue);
    const [{ partitions } = { partitions: [] }] = await admin.fetchOffsets({ groupId: queue, topics: [queue] });
    const topics = (await admin.listTopics()).filter((topic) => topic === queue || topic.startsWith(`${queue}.`));
    await admin.deleteTopics({ topics });
    await admin.disconnect();
    const committed = new Map(partitions.map(({ partition, offset }) => [partition, Math.max(0, Number(offset))]));
    const left = ends.reduce((sum, { partition, high }) => sum + Number(high) - (committed.get(partition) ?? 0), 0);
    if (mustBeEmpty && left > 0) throw new Error(`${left} messages of ${queue} were not acked`);
  },
};
