import { live, queue, reading, take } from "@anybroker-internal/testkit/link";
import { CompressionTypes } from "kafkajs";
import { describe, expect, test } from "vitest";
import { open, plain, unique } from "../harness.ts";

const clients = ["kafkajs", "platformatic"] as const;

describe.each(clients)("a record of another program, read with %s", (client) => {
  test("is read compressed and uncompressed, from the middle of a batch on, with all headers", async () => {
    const name = unique("packed");
    const { kafka, admin } = await plain();
    const configEntries = [{ name: "retention.ms", value: "-1" }];
    await admin.createTopics({ topics: [{ topic: name, numPartitions: 1, configEntries }], waitForLeaders: false });
    await expect.poll(() => admin.listTopics()).toContain(name);
    const producer = kafka.producer();
    await producer.connect();
    const headers = { constructor: "c", twice: ["a", "b", "c"], ü: "ü" };
    const messages = Array.from({ length: 300 }, (_, index) => ({
      key: index % 2 === 0 ? "k" : null,
      value: index === 299 ? null : `${index}`.repeat(index),
      timestamp: String(1_700_000_000_000 + index * 10_000_000),
      headers,
    }));
    for (const compression of [CompressionTypes.GZIP, CompressionTypes.None]) {
      await producer.send({ topic: name, messages, compression });
    }
    await producer.disconnect();
    const link = await open({ client }, { topology: "none" });
    const source = await reading(link, queue(name), { window: 1_000 });
    const all = await take(source, 600);
    for (const [index, delivery] of all.entries()) {
      const { key = null, timestamp, value } = messages[index % 300] ?? {};
      expect([delivery.position, delivery.key ?? null]).toEqual([`${name}/0/${index}`, key]);
      expect([delivery.sentAt, Buffer.from(delivery.body).toString()]).toEqual([Number(timestamp), value ?? ""]);
      expect({ ...delivery.headers }).toEqual({ constructor: "c", twice: '["a","b","c"]', ü: "ü" });
    }
    await source.settle(
      all.slice(0, 450).map((delivery) => ({ action: "ack", delivery })),
      live,
    );
    await source.close(live);
    const second = await reading(link, queue(name), { window: 1_000 });
    const [first] = await take(second, 150);
    expect(first?.position).toBe(`${name}/0/450`);
  });

  test("is delivered when its transaction is committed, and never when that is aborted", async () => {
    const name = unique("transactions");
    const { kafka, admin } = await plain();
    await admin.createTopics({ topics: [{ topic: name, numPartitions: 1 }], waitForLeaders: false });
    await expect.poll(() => admin.listTopics()).toContain(name);
    const producer = kafka.producer({ transactionalId: name, idempotent: true, maxInFlightRequests: 1 });
    const outside = kafka.producer();
    await Promise.all([producer.connect(), outside.connect()]);
    for (const [index, keep] of [true, false, true, false].entries()) {
      const transaction = await producer.transaction();
      await transaction.send({ topic: name, messages: [{ value: `${keep ? "kept" : "gone"} ${index}` }] });
      await outside.send({ topic: name, messages: [{ value: `beside ${index}` }] });
      await (keep ? transaction.commit() : transaction.abort());
    }
    await Promise.all([producer.disconnect(), outside.disconnect()]);
    const link = await open({ client }, { topology: "none" });
    const source = await reading(link, queue(name));
    const texts = (await take(source, 6)).map(({ body }) => Buffer.from(body).toString());
    expect(texts).toEqual(["kept 0", "beside 0", "beside 1", "kept 2", "beside 2", "beside 3"]);
  });
});
