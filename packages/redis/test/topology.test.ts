import { queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { settingsOf } from "../src/options.ts";
import { partitionOf, sourceKeys, startOf, topicKeys } from "../src/topology.ts";

const url = "redis://localhost";

test("the keys of a queue, a topic and a subscription have one hash tag each", () => {
  const settings = settingsOf({ url });
  const { feeds, dead } = sourceKeys(settings, queue("orders", true), 3);
  expect(feeds.map(({ stream, delay, group }) => [stream, delay, group])).toEqual([
    ["{orders}", "{orders}.delay", "orders"],
    ["{orders}.part.1", "{orders}.part.1.delay", "orders"],
    ["{orders}.part.2", "{orders}.part.2.delay", "orders"],
  ]);
  expect(dead).toBe("{orders}.dlq");
  expect(topicKeys(settings, "t")).toEqual({ stream: "{t}", delay: "{t}.delay", retention: "{t}.retention" });
  const keys = sourceKeys(settings, subscription(topic("t"), "s"));
  expect(keys.feeds.map(({ stream, delay, group, only }) => [stream, delay, group, only])).toEqual([
    ["{t}", "{t}.delay", "s", false],
    ["{t}.sub.s.retry", "{t}.sub.s.delay", "s", true],
  ]);
  expect(keys.dead).toBe("{t}.sub.s.dlq");
});

test("existing streams and groups are used as they are called; what is beside them lies in the same slot", () => {
  const naming = { queues: { q: "legacy:q", r: "a{b}c" }, subscriptions: { "t/s": "billing" } };
  const settings = settingsOf({ url, naming, groups: { q: "workers" } });
  expect(sourceKeys(settings, queue("q"))).toMatchObject({
    feeds: [{ stream: "legacy:q", group: "workers", delay: "{legacy:q}.delay" }],
  });
  expect(sourceKeys(settings, queue("r"))).toMatchObject({ feeds: [{ stream: "a{b}c", delay: "a{b}c.delay" }] });
  expect(sourceKeys(settings, subscription(topic("t"), "s")).feeds[1]?.stream).toBe("{t}.sub.billing.retry");
});

test("a key is always in the same partition, and keys are in all of them", () => {
  const found = Array.from({ length: 200 }, (_, index) => partitionOf(`key-${index}`, 8));
  expect(new Set(found)).toEqual(new Set([0, 1, 2, 3, 4, 5, 6, 7]));
  // As written on servers since the first version.
  expect(["b", "a", "ü", "order-17"].map((key) => partitionOf(key, 8))).toEqual([5, 4, 2, 6]);
  expect([partitionOf(undefined, 8), partitionOf("", 8)]).toEqual([0, 0]);
  expect(partitionOf("a", 1)).toBe(0);
});

test("a subscription begins with what comes, with what there is, or with a millisecond", () => {
  expect(startOf("latest")).toBe("$");
  expect(startOf("earliest")).toBe("0");
  expect(startOf(new Date(1_700_000_000_000))).toBe("1699999999999-18446744073709551615");
});
