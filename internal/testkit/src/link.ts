// Helpers for the tests of any driver's link.
import type {
  Clock,
  Declared,
  Delivery,
  Destination,
  Driver,
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
import { expect, onTestFinished } from "vitest";

/** For calls that nothing aborts. */
export const live: AbortSignal = new AbortController().signal;

export const clock: Clock = {
  now: Date.now,
  after(ms, run) {
    const timer = setTimeout(run, ms);
    return () => clearTimeout(timer);
  },
};

/** A link that ends with the test. */
export async function linked<N>(
  driver: Driver<Declared, N>,
  { topology = "create" as TopologyMode, lease = 30_000 } = {},
): Promise<Link<N>> {
  const link = await driver.connect({ clock, lease, topology }, AbortSignal.timeout(10_000));
  onTestFinished(() => link.close(AbortSignal.timeout(5_000)).catch(() => {}));
  return link;
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

/** Declares the entity and returns it once it exists. */
export async function declared<S extends SourceEntity>(link: Link, entity: S): Promise<S> {
  const parents = entity.kind === "subscription" ? [entity.topic] : [];
  expect(await link.declare([...parents, entity], "create", live)).toEqual([]);
  return entity;
}

/** Sends the batch and returns the outcome of each message, in the order of the batch. */
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

/** Receives exactly this many deliveries. */
export async function take(source: Source, count: number, patience = 8_000): Promise<readonly Delivery[]> {
  const got: Delivery[] = [];
  const end = Date.now() + patience;
  while (got.length < count && Date.now() < end) got.push(...(await source.receive(count - got.length, live)));
  expect(got.map(({ id }) => id)).toHaveLength(count);
  return got;
}

/** Receives one delivery. */
export async function takeOne(source: Source, patience?: number): Promise<Delivery> {
  const [delivery] = await take(source, 1, patience);
  if (delivery === undefined) throw new Error("nothing came");
  return delivery;
}

export async function settle(source: Source, ...batch: readonly Settlement[]): Promise<readonly SettleResult[]> {
  return source.settle(batch, live);
}

export const ids = (deliveries: readonly Delivery[]): readonly (string | undefined)[] => deliveries.map(({ id }) => id);
