import { queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { settingsOf } from "../src/options.ts";
import {
  canBeLookedUp,
  consumerPrefix,
  newConsumer,
  partitionOf,
  sourceKeys,
  startOf,
  topicKeys,
  unlisted,
} from "../src/topology.ts";

const url = "redis://localhost";

test("the keys of a queue, a topic and a subscription have one hash tag each", () => {
  const settings = settingsOf({ url });
  const { streams, deadLetters } = sourceKeys(settings, queue("orders", true), 3);
  expect(streams.map(({ stream, delayed, group }) => [stream, delayed, group])).toEqual([
    ["{orders}", "{orders}.delay", "orders"],
    ["{orders}.part.1", "{orders}.part.1.delay", "orders"],
    ["{orders}.part.2", "{orders}.part.2.delay", "orders"],
  ]);
  expect(deadLetters).toBe("{orders}.dlq");
  expect(topicKeys(settings, "t")).toEqual({ stream: "{t}", delayed: "{t}.delay", retention: "{t}.retention" });
  const keys = sourceKeys(settings, subscription(topic("t"), "s"));
  expect(keys.streams.map(({ stream, delayed, group, exclusive }) => [stream, delayed, group, exclusive])).toEqual([
    ["{t}", "{t}.delay", "s", false],
    ["{t}.sub.s.retry", "{t}.sub.s.delay", "s", true],
  ]);
  expect(keys.deadLetters).toBe("{t}.sub.s.dlq");
});

test("existing streams and groups keep their names, and the keys beside them lie in the same slot", () => {
  const naming = { queues: { q: "legacy:q", r: "a{b}c" }, subscriptions: { "t/s": "billing" } };
  const settings = settingsOf({ url, naming, groups: { q: "workers" } });
  expect(sourceKeys(settings, queue("q"))).toMatchObject({
    streams: [{ stream: "legacy:q", group: "workers", delayed: "{legacy:q}.delay" }],
  });
  expect(sourceKeys(settings, queue("r"))).toMatchObject({ streams: [{ stream: "a{b}c", delayed: "a{b}c.delay" }] });
  expect(sourceKeys(settings, subscription(topic("t"), "s")).streams[1]?.stream).toBe("{t}.sub.billing.retry");
});

test("a key is always in the same partition, and keys spread over all of them", () => {
  const found = Array.from({ length: 200 }, (_, index) => partitionOf(`key-${index}`, 8));
  expect(new Set(found)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  // Servers hold entries by these numbers since the first version.
  expect(["b", "a", "ü", "order-17"].map((key) => partitionOf(key, 8))).toEqual([5, 4, 2, 6]);
  expect([partitionOf(undefined, 8), partitionOf("", 8)]).toEqual([0, 0]);
  expect(partitionOf("a", 1)).toBe(0);
});

test("a subscription begins with new messages, with the oldest one, or at a time", () => {
  expect(startOf("latest")).toBe("$");
  expect(startOf("earliest")).toBe("0");
  expect(startOf(new Date(1_700_000_000_000))).toBe("1699999999999-18446744073709551615");
});

test("the name of a consumer ends with its lease, and tells whether the connection has a name", () => {
  const prefix = consumerPrefix();
  const consumer = newConsumer(prefix, 30_000);
  expect(consumer).toMatch(/^anybroker-[0-9a-f]{8}-[0-9a-f]{8}-30000$/);
  expect(consumer.startsWith(prefix)).toBe(true);
  expect(unlisted(consumer)).toMatch(/^anybroker-[0-9a-f]{8}-[0-9a-f]{8}-unseen-30000$/);
  expect([consumer, unlisted(consumer), "somebody-else"].map(canBeLookedUp)).toEqual([true, false, false]);
});
