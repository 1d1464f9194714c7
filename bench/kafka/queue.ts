import type { Kafka } from "kafkajs";

/** The server of a URL, for kafkajs. */
export function brokersOf(url: string): string[] {
  return [new URL(url.replace(/^kafka:/, "http:")).host];
}

/** Creates a topic as anybroker does: the server's number of partitions, and no messages deleted by age. */
export async function createTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic, configEntries: [{ name: "retention.ms", value: "-1" }] }],
    waitForLeaders: true,
  });
  await admin.disconnect();
}
