import { randomUUID } from "node:crypto";
import type {
  Clock,
  Delivery,
  Destination,
  Link,
  OutgoingMessage,
  QueueEntity,
  SendFailure,
  Settlement,
  SettleResult,
  Source,
  SourceEntity,
  SubscriptionEntity,
  TopicEntity,
  TopologyMode,
} from "@anybroker/core/driver";
import { Redis } from "ioredis";
import { expect, inject, onTestFinished } from "vitest";
import { type RedisNative, type RedisOptions, redis } from "../src/index.ts";

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
export const server: { readonly url: string } = { url: inject("redis").url ?? "" };

export type TestLink = Link<RedisNative>;

/** A link that ends with the test. */
export async function open(
  options: Partial<RedisOptions> = {},
  { topology = "create" as TopologyMode, lease = 30_000 } = {},
): Promise<TestLink> {
  const driver = redis({ url: server.url, ...options });
  const link = await driver.connect({ clock, lease, topology }, AbortSignal.timeout(10_000));
  onTestFinished(() => link.close(AbortSignal.timeout(5_000)).catch(() => {}));
  return link;
}

/** ioredis by itself: what another program does to the same server. */
export function plain(url = server.url): Redis {
  const client = new Redis(url, { retryStrategy: null });
  client.on("error", () => {});
  onTestFinished(() => client.disconnect());
  return client;
}

/** A name of its own, whose keys are deleted after the test. */
export function unique(what = "it"): string {
  const name = `${what}-${randomUUID().slice(0, 8)}z`;
  onTestFinished(async () => {
    const client = new Redis(server.url);
    const keys = await client.keys(`{${name}}*`);
    if (keys.length > 0) await client.del(...keys);
    await client.quit();
  });
  return name;
}

export const queue = (name: string, ordered = false): QueueEntity => ({ kind: "queue", name, ordered });

export const topic = (name: string, retention = 0): TopicEntity => ({ kind: "topic", name, retention });

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

/** A queue or subscription that exists. */
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
): Promise<readonly (SendFailure | "accepted")[]> {
  const fates: (SendFailure | "accepted")[] = [];
  await link.send(
    to,
    batch,
    (index, failure) => {
      expect(fates[index]).toBeUndefined();
      fates[index] = failure ?? "accepted";
    },
    live,
  );
  expect(fates.filter((fate) => fate !== undefined)).toHaveLength(batch.length);
  return fates;
}

/** A source that ends with the test. */
export async function reading(link: TestLink, entity: SourceEntity, window = 10): Promise<Source> {
  const source = await link.open(entity, { window }, () => {}, live);
  onTestFinished(() => source.close(AbortSignal.timeout(2_000)).catch(() => {}));
  return source;
}

/** The next deliveries, as many as asked for. */
export async function take(source: Source, count: number, patience = 8_000): Promise<readonly Delivery[]> {
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
