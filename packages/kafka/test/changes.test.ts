// Changes by an administrator while programs send and consume.
import { deleteTopics } from "@anybroker-internal/testkit/brokers/kafka/delete-topics";
import {
  declared,
  ids,
  live,
  message,
  queue,
  reading,
  subscription,
  take,
  topic,
} from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import { connect, kafka } from "../src/index.ts";
import { accepted, open, plain, server, unique } from "./harness.ts";

/** Adds partitions, and waits until each has a leader. */
async function grow(name: string, count: number): Promise<void> {
  const { admin } = await plain();
  await admin.createPartitions({ topicPartitions: [{ topic: name, count }] });
  await expect
    .poll(async () => (await admin.fetchTopicMetadata({ topics: [name] })).topics[0]?.partitions.map((p) => p.leader))
    .toEqual(Array.from({ length: count }, () => expect.any(Number)));
}

/** Another program writes to one partition. */
async function write(name: string, partition: number, value: string): Promise<void> {
  const { kafka: client } = await plain();
  const producer = client.producer();
  await producer.connect();
  await producer.send({ topic: name, messages: [{ partition, value, headers: { "message-id": value } }] });
  await producer.disconnect();
}

describe("while it runs", () => {
  test("partitions that are added are read, from their beginning", async () => {
    const link = await open({ partitions: 1 });
    const parent = topic(unique("grown"));
    const durable = await reading(link, await declared(link, subscription(parent, "s")));
    const ephemeral = await reading(link, subscription(parent, "e", { durable: false }));
    await grow(parent.name, 3);
    await write(parent.name, 2, "new");
    for (const source of [durable, ephemeral]) expect(ids(await take(source, 1, 30_000))).toEqual(["new"]);
  });

  test("partitions that are added are written to", async () => {
    const link = await open({ partitions: 1 });
    const entity = await declared(link, queue(unique("grown")));
    await accepted(link, entity, [message("first")]);
    await grow(entity.name, 3);
    const { admin } = await plain();
    const ends = async (): Promise<number> => {
      await accepted(
        link,
        entity,
        ["a", "b", "c"].map((id) => message(id)),
      );
      const offsets = await admin.fetchTopicOffsets(entity.name);
      return offsets.filter(({ high }) => high !== "0").length;
    };
    await expect.poll(ends, { timeout: 60_000, interval: 500 }).toBe(3);
  });

  test("a subscription whose topic has new partitions can be declared again while it is read", async () => {
    const link = await open({ partitions: 1 });
    const parent = topic(unique("grown"));
    const entity = await declared(link, subscription(parent, "s"));
    await reading(link, entity);
    await grow(parent.name, 3);
    const other = await open();
    expect(await other.declare([parent, entity], "create", live)).toEqual([]);
  });

  test.for(["kafkajs", "platformatic"] as const)(
    "a queue that is deleted and created again goes on, and no message to the new one is skipped: %s",
    async (client) => {
      const name = unique("anew");
      await using broker = await connect(kafka({ url: server.url, client, partitions: 2 }));
      const got: string[] = [];
      const jobs = broker.queue<string>(name);
      const errors: unknown[] = [];
      const onError = (error: unknown): void => void errors.push(error);
      await using _worker = await jobs.consume(({ body }) => void got.push(body), { concurrency: 10, onError });
      const old = Array.from({ length: 20 }, (_, index) => `old ${index}`);
      await Promise.all(old.map((body) => jobs.send(body)));
      await expect.poll(() => got.length).toBe(20);
      for (const round of [1, 2, 3]) {
        await deleteTopics(server.url, name);
        const some = Array.from({ length: 40 }, (_, index) => `round ${round} ${index}`);
        await Promise.all(some.map((body) => jobs.send(body)));
        await expect.poll(() => some.filter((body) => !got.includes(body)), { timeout: 30_000 }).toEqual([]);
      }
      for (const error of errors) expect(error).toMatchObject({ message: expect.stringContaining("was interrupted") });
    },
  );
});
