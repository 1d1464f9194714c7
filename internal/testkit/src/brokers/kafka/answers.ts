import { Kafka, logLevel } from "kafkajs";

/** Resolves when the server has a leader for what it is asked: it can then be used. */
export async function answers(url: string): Promise<void> {
  const { host } = new URL(url.replace(/^kafka:/, "http:"));
  const admin = new Kafka({ brokers: [host], logLevel: logLevel.NOTHING, retry: { retries: 0 } }).admin();
  try {
    await admin.connect();
    const { controller } = await admin.describeCluster();
    if (controller === null) throw new Error("the cluster has no controller yet");
  } finally {
    await admin.disconnect();
  }
}
