import type { Kafka } from "kafkajs";

/** The servers of a URL. */
export function brokersOf(url: string): string[] {
  return [new URL(url.replace(/^kafka:/, "http:")).host];
}

/** A topic as ours would be: the server's own number of partitions, nothing dropped by time. */
export async function makeTopic(kafka: Kafka, topic: string): Promise<void> {
  const admin = kafka.admin();
  await admin.connect();
  await admin.createTopics({
    topics: [{ topic, configEntries: [{ name: "retention.ms", value: "-1" }] }],
    waitForLeaders: true,
  });
  await admin.disconnect();
}
