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
import { type Channel, type ConfirmChannel, connect, type Options } from "amqplib";
import { expect, inject, onTestFinished } from "vitest";
import type { RabbitmqNative } from "../src/driver.ts";
import { type RabbitmqOptions, rabbitmq } from "../src/index.ts";

/** For calls that nothing aborts. */
export const live: AbortSignal = new AbortController().signal;

export const clock: Clock = {
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** The server that the run was given. */
export const server: { readonly url: string; readonly major: number; readonly minor: number } = (() => {
  const { url = "", version = "0.0" } = { version: undefined, ...inject("rabbitmq") };
  const [major = 0, minor = 0] = (version ?? "0.0").split(".").map(Number);
  return { url, major, minor };
})();

export type TestLink = Link<RabbitmqNative>;

/** A link that ends with the test. */
export async function open(
  options: Partial<RabbitmqOptions> = {},
  { topology = "create" as TopologyMode, lease = 30_000 } = {},
): Promise<TestLink> {
  const driver = rabbitmq({ url: server.url, ...options });
  const link = await driver.connect({ clock, lease, topology }, AbortSignal.timeout(10_000));
  onTestFinished(() => link.close(AbortSignal.timeout(5_000)).catch(() => {}));
  return link;
}

/** amqplib by itself: what another program does to the same server. */
export async function plain(url = server.url): Promise<ConfirmChannel> {
  const connection = await connect(url);
  connection.on("error", () => {});
  const channel = await connection.createConfirmChannel();
  channel.on("error", () => {});
  onTestFinished(() => connection.close().catch(() => {}));
  return channel;
}

/** Publishes with plain amqplib, confirmed. */
export function put(
  channel: ConfirmChannel,
  queue: string,
  body: string,
  options: Options.Publish = {},
): Promise<void> {
  return new Promise((resolve, reject) => {
    channel.sendToQueue(queue, Buffer.from(body), options, (error) => (error ? reject(error) : resolve()));
  });
}

/** A name of its own, whose queues and exchanges are deleted after the test. */
export function unique(what = "it"): string {
  const name = `${what}-${randomUUID().slice(0, 8)}z`;
  onTestFinished(async () => {
    const connection = await connect(server.url);
    const channel = await connection.createChannel();
    const steps = DELAY_STEPS.map((ms) => `${name}.delay.${ms}`);
    const names = [name, ...steps, `${name}.delay`, `${name}.sub`];
    for (const queue of [name, `${name}.dlq`, `${name}.delay`, ...steps]) await channel.deleteQueue(queue);
    for (const sub of ["s", "t"]) {
      for (const end of ["", ".dlq", ...DELAY_STEPS.map((ms) => `.delay.${ms}`)]) {
        await channel.deleteQueue(`${name}.sub.${sub}${end}`);
      }
    }
    for (const exchange of names) await channel.deleteExchange(exchange);
    await connection.close();
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
  kind: "subscription",
  name,
  topic: parent,
  ordered: false,
  filter: undefined,
  from: "latest",
  durable: true,
  ...fields,
});

export const message = (id: string, fields: Partial<OutgoingMessage> = {}): OutgoingMessage => ({
  id,
  body: Buffer.from(id),
  contentType: undefined,
  headers: {},
  key: undefined,
  type: undefined,
  correlationId: undefined,
  replyTo: undefined,
  sentAt: Date.now(),
  deliverAt: undefined,
  priority: undefined,
  ...fields,
});

/** A queue that exists. */
export async function declared(link: TestLink, entity: SourceEntity = queue(unique("queue"))): Promise<SourceEntity> {
  const parents = entity.kind === "subscription" ? [entity.topic] : [];
  expect(await link.declare([...parents, entity], "create", live)).toEqual([]);
  return entity;
}

/** Sends and answers each message's fate, in the order of the batch. */
export async function sent(
  link: TestLink,
  to: Destination,
  batch: readonly OutgoingMessage[],
  signal: AbortSignal = live,
): Promise<readonly (SendFailure | "accepted")[]> {
  const fates: (SendFailure | "accepted")[] = [];
  await link.send(
    to,
    batch,
    (index, failure) => {
      expect(fates[index]).toBeUndefined();
      fates[index] = failure ?? "accepted";
    },
    signal,
  );
  expect(fates.filter((fate) => fate !== undefined)).toHaveLength(batch.length);
  return fates;
}

/** A source that ends with the test. */
export async function reading(
  link: TestLink,
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

/** The next delivery. */
export async function takeOne(source: Source): Promise<Delivery> {
  const [delivery] = await take(source, 1);
  if (delivery === undefined) throw new Error("nothing came");
  return delivery;
}

export async function settle(source: Source, ...batch: readonly Settlement[]): Promise<readonly SettleResult[]> {
  return source.settle(batch, live);
}

export const ids = (deliveries: readonly Delivery[]): readonly (string | undefined)[] => deliveries.map(({ id }) => id);

/** How many messages are ready in a queue, once that is what is expected. */
export function ready(channel: Channel, name: string): { toBe(count: number): Promise<void> } {
  return {
    toBe: (count) =>
      expect.poll(async () => (await channel.checkQueue(name)).messageCount, { timeout: 5_000 }).toBe(count),
  };
}
