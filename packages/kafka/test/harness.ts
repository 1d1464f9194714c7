import { randomUUID } from "node:crypto";
import type { Destination, Link, OutgoingMessage, TopologyMode } from "@anybroker/core/driver";
import { serverOf } from "@anybroker-internal/testkit/brokers/given";
import { linked, message, sent } from "@anybroker-internal/testkit/link";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { expect, onTestFinished } from "vitest";
import { type KafkaOptions, kafka } from "../src/index.ts";

/** The server that the run was given. A test that asks without one ends, skipped or failed. */
export const server: { readonly url: string } = {
  get url() {
    return serverOf("kafka").url;
  },
};

/** A link that ends with the test. */
export function open(
  options: Partial<KafkaOptions> = {},
  context?: { readonly topology?: TopologyMode; readonly lease?: number },
): Promise<Link> {
  return linked(kafka({ url: server.url, ...options }), context);
}

const brokerOf = (): string => new URL(server.url.replace(/^kafka:/, "http:")).host;

/** kafkajs by itself: what another program does to the same server. */
export async function plain(): Promise<{ readonly kafka: Kafka; readonly admin: Admin }> {
  const client = new Kafka({ brokers: [brokerOf()], logLevel: logLevel.NOTHING });
  const admin = client.admin();
  await admin.connect();
  onTestFinished(() => admin.disconnect());
  return { kafka: client, admin };
}

/** A name of its own, whose topics are deleted after the test. */
export function unique(what = "it"): string {
  const name = `${what}-${randomUUID().slice(0, 8)}z`;
  const brokers = [brokerOf()];
  onTestFinished(async () => {
    const admin = new Kafka({ brokers, logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topics = (await admin.listTopics()).filter((topic) => topic === name || topic.startsWith(`${name}.`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    await admin.disconnect();
  });
  return name;
}

/** Messages with the ids `m0`, `m1` and so on. */
export const numbered = (count: number) => Array.from({ length: count }, (_, index) => message(`m${index}`));

/** Sends, and sends again while a new server is not ready. */
export async function accepted(link: Link, to: Destination, batch: readonly OutgoingMessage[]): Promise<void> {
  await expect.poll(() => sent(link, to, batch), { timeout: 20_000 }).toEqual(batch.map(() => "accepted"));
}
