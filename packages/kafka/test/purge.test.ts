import {
  declared,
  ids,
  live,
  message,
  queue,
  reading,
  settle,
  subscription,
  take,
  topic,
} from "@anybroker-internal/testkit/link";
import { describe, expect, test } from "vitest";
import { classify } from "../src/errors.ts";
import { accepted, numbered, open, plain, unique } from "./harness.ts";

describe.each(["kafkajs", "platformatic"] as const)("with %s", (client) => {
  test("a consumer that has read ahead delivers nothing more of a purged queue, and keeps what it holds", async () => {
    const link = await open({ client, partitions: 1 });
    const entity = await declared(link, queue(unique("queue")));
    await accepted(link, entity, [...numbered(50), message("later", { deliverAt: Date.now() + 1_500 })]);
    const source = await reading(link, entity);
    const held = await take(source, 2);
    await link.purge?.([entity], live);
    expect(await settle(source, ...held.map((delivery) => ({ action: "ack", delivery }) as const))).toEqual([
      undefined,
      undefined,
    ]);
    await accepted(link, entity, [message("after", { deliverAt: Date.now() + 2_000 })]);
    expect(ids(await take(source, 1))).toEqual(["after"]);
  });

  test("a subscription delivers what it has read of its topic, even if the server has deleted that by now", async () => {
    const link = await open({ client, partitions: 1 });
    const published = topic(unique("topic"));
    const entity = await declared(link, subscription(published, "audit"));
    const source = await reading(link, entity);
    const witness = await reading(link, await declared(link, subscription(published, "witness")));
    await accepted(link, published, numbered(50));
    const first = await take(source, 2);
    await take(witness, 50);
    const { admin } = await plain();
    // The client deletes only in a topic that it knows.
    await admin.fetchTopicOffsets(published.name);
    await admin.deleteTopicRecords({ topic: published.name, partitions: [{ partition: 0, offset: "50" }] });
    // By then the consumer has heard of the deletion, since a fetch lasts 250 ms at most.
    await accepted(link, published, [message("later", { deliverAt: Date.now() + 1_000 })]);
    await take(witness, 1);
    const rest = await take(source, 49);
    expect(ids([...first, ...rest])).toEqual([...numbered(50).map(({ id }) => id), "later"]);
  });

  test("a subscription with consumers is not purged, and the error says why", async () => {
    const link = await open({ client });
    const entity = await declared(link, subscription(topic(unique("topic")), "audit"));
    const source = await reading(link, entity);
    const purging = async (): Promise<unknown> => link.purge?.([entity], live);
    const error: unknown = await purging().catch((reason: unknown) => reason);
    expect(classify(error)).toMatchObject({ code: "REJECTED", retryable: false });
    expect(String(error)).toContain("close them first");
    await accepted(link, entity.topic, [message("kept")]);
    expect(ids(await take(source, 1))).toEqual(["kept"]);
    await source.close(live);
    await purging();
    expect(await link.stats(entity, live)).toMatchObject({ ready: 0, delayed: 0 });
  });
});
