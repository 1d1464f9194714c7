import { randomUUID } from "node:crypto";
import {
  type Clock,
  DELAY_STEPS,
  type Delivery,
  type Destination,
  type Link,
  type OutgoingMessage,
  type QueueEntity,
  type SendFailure,
  type Settlement,
  type SettleResult,
  type Source,
  type SourceEntity,
  type SubscriptionEntity,
  type TopicEntity,
  type TopologyMode,
} from "@anybroker/core/driver";
import { type Admin, Kafka, logLevel } from "kafkajs";
import { expect, inject, onTestFinished } from "vitest";
import { type KafkaOptions, kafka } from "../src/index.ts";

/** For calls that nothing aborts. */
export const live: AbortSignal = new AbortController().signal;

export const clock: Clock = {
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The URL of the server that the run was given. */
export const url: string = inject("kafka").url ?? "";

/** A link that ends with the test. */
export async function open(
  options: Partial<KafkaOptions> = {},
  { topology = "create" as TopologyMode, lease = 30_000 } = {},
): Promise<Link> {
  const driver = kafka({ url, ...options });
  const link = await driver.connect({ clock, lease, topology }, AbortSignal.timeout(10_000));
  onTestFinished(() => link.close(AbortSignal.timeout(5_000)).catch(() => {}));
  return link;
}

const brokerOf = (): string => new URL(url.replace(/^kafka:/, "http:")).host;

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
  onTestFinished(async () => {
    const admin = new Kafka({ brokers: [brokerOf()], logLevel: logLevel.NOTHING }).admin();
    await admin.connect();
    const topics = (await admin.listTopics()).filter((topic) => topic === name || topic.startsWith(`${name}.`));
    if (topics.length > 0) await admin.deleteTopics({ topics });
    await admin.disconnect();
  });
  return name;
}

export const queue = (name: string, ordered = false): QueueEntity => ({ kind: "queue", name, ordered });

export const topic = (name: string): TopicEntity => ({ kind: "topic", name, retention: 0 });

export const subscription = (
  parent: TopicEntity,
  name: string,
  fields: Partial<SubscriptionEntity> = {},
): SubscriptionEntity => ({
  ...{ kind: "subscription", name, topic: parent, ordered: false, filter: undefined, from: "latest", durable: true },
  ...fields,
});

export const message = (id: string, fields: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  ...{ id, body: Buffer.from(id), headers: {}, sentAt: Date.now() },
  ...{ contentType: undefined, key: undefined, type: undefined, correlationId: undefined, replyTo: undefined },
  ...{ deliverAt: undefined, priority: undefined },
  ...fields,
});

/** A queue that exists. */
export async function declared(link: Link, entity: SourceEntity = queue(unique("queue"))): Promise<SourceEntity> {
  const parents = entity.kind === "subscription" ? [entity.topic] : [];
  expect(await link.declare([...parents, entity], "create", live)).toEqual([]);
  return entity;
}

/** Sends and answers each message's fate, in the order of the batch. */
export async function sent(
  link: Link,
  to: Destination,
  batch: readonly OutgoingMessage[],
  signal: AbortSignal = live,
): Promise<readonly (SendFailure | "accepted")[]> {
  const fates: (SendFailure | "accepted")[] = [];
  const report = (index: number, failure?: SendFailure): void => {
    expect(fates[index]).toBeUndefined();
    fates[index] = failure ?? "accepted";
  };
  await link.send(to, batch, report, signal);
  expect(fates.filter((fate) => fate !== undefined)).toHaveLength(batch.length);
  return fates;
}

/** A source that ends with the test. */
export async function reading(
  link: Link,
  entity: SourceEntity,
  { window = 10, lost = (() => {}) as (deliveries: readonly Delivery[]) => void } = {},
): Promise<Source> {
  const source = await link.open(entity, { window }, lost, live);
  onTestFinished(() => source.close(AbortSignal.timeout(2_000)).catch(() => {}));
  return source;
}

/** The next deliveries, as many as asked for. */
export async function take(source: Source, count: number, patience = 5_000): Promise<readonly Delivery[]> {
  const got: Delivery[] = [];
  const end = Date.now() + patience;
  while (got.length < count && Date.now() < end) got.push(...(await source.receive(count - got.length, live)));
  expect(got.map(({ id }) => id)).toHaveLength(count);
  return got;
}

export async function settle(source: Source, ...batch: readonly Settlement[]): Promise<readonly SettleResult[]> {
  return source.settle(batch, live);
}

/** Every step of a source's ladder. */
export const stepsOf = (name: string): readonly string[] => DELAY_STEPS.map((ms) => `${name}.retry.${ms}`);
