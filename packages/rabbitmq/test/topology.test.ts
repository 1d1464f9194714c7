import type { Delivery } from "@anybroker/core/driver";
import {
  declared,
  ids,
  live,
  message,
  queue,
  reading,
  sent,
  settle,
  subscription,
  take,
  takeOne,
  topic,
} from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { filterBindings } from "../src/topology.ts";
import { open, plain, put, unique } from "./harness.ts";

test("an entity that differs is used as it is, and every difference is told in the server's words", async () => {
  const link = await open();
  const name = unique("classic");
  const channel = await plain();
  await channel.assertQueue(name);
  await channel.assertQueue(`${name}.dlq`, { arguments: { "x-queue-type": "quorum" } });
  const entity = queue(name);
  const drift = [
    // The server names the first argument that differs, in an order of its own.
    {
      entity,
      property: expect.stringMatching(`^x-.* of queue '${name}'$`),
      expected: expect.any(String),
      found: "none",
    },
    {
      entity,
      property: `x-delivery-limit of queue '${name}.dlq'`,
      expected: expect.stringContaining("2147483647"),
      found: "none",
    },
  ];
  expect(await link.declare([entity], "create", live)).toEqual(drift);
  expect(await link.declare([entity], "verify", live)).toEqual(drift);
  expect(await sent(link, entity, [message("m")])).toEqual(["accepted"]);
  const source = await reading(link, entity);
  expect(await settle(source, { action: "ack", delivery: await takeOne(source) })).toEqual([undefined]);
});

test("a queue that is not ordered differs from one that is", async () => {
  const link = await open();
  const name = unique("queue");
  await declared(link, queue(name));
  expect(await link.declare([queue(name, true)], "create", live)).toMatchObject([
    { property: `x-single-active-consumer of queue '${name}'` },
  ]);
});

test("verify creates nothing: what is missing is NOT_FOUND, missing dead letters are a difference", async () => {
  const link = await open({}, { topology: "verify" });
  const name = unique("queue");
  const channel = await plain();
  await expect(link.declare([queue(name)], "verify", live)).rejects.toMatchObject({ code: 404 });
  await expect(link.declare([topic(name)], "verify", live)).rejects.toMatchObject({ code: 404 });
  await expect((await plain()).checkQueue(name)).rejects.toMatchObject({ code: 404 });
  await expect((await plain()).checkExchange(name)).rejects.toMatchObject({ code: 404 });
  const creator = await open();
  await declared(creator, queue(name));
  expect(await link.declare([queue(name)], "verify", live)).toEqual([]);
  await channel.deleteQueue(`${name}.dlq`);
  expect(await link.declare([queue(name)], "verify", live)).toEqual([
    { entity: queue(name), property: `queue ${name}.dlq`, expected: "there", found: "missing" },
  ]);
});

test("declaring again and again is nothing new", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const entities = [parent, subscription(parent, "s", { filter: { region: ["eu"] } }), subscription(parent, "t")];
  for (let round = 0; round < 3; round += 1) expect(await link.declare(entities, "create", live)).toEqual([]);
});

test("existing queues and exchanges are used by their own names", async () => {
  const name = unique("their");
  const channel = await plain();
  await channel.assertExchange(name, "topic");
  await channel.assertQueue(name, { arguments: { "x-queue-type": "quorum" } });
  await channel.bindQueue(name, name, "#");
  const naming = { queues: { work: name }, topics: { news: name }, subscriptions: { "news/mine": name } };
  const link = await open({ naming }, { topology: "none" });
  await sent(link, queue("work"), [message("sent")]);
  await sent(link, topic("news"), [message("published")]);
  expect(ids(await take(await reading(link, subscription(topic("news"), "mine")), 2))).toEqual(["sent", "published"]);
});

test.each(["topic", "direct", "fanout", "headers"])(
  "an existing exchange of type %s is published to and subscribed",
  async (type) => {
    const name = unique(type);
    const channel = await plain();
    await channel.assertExchange(name, type);
    const parent = topic(name);
    const link = await open({
      exchanges: { [name]: { type, routingKey: "header:region" } },
      bindings: { [`${name}/s`]: ["eu", "us"] },
    });
    const everything = type === "direct" ? [] : [subscription(parent, "t")];
    expect(await link.declare([parent, subscription(parent, "s"), ...everything], "create", live)).toEqual([]);
    const all = ["eu", "us", "jp"];
    await sent(
      link,
      parent,
      all.map((region) => message(region, { headers: { region } })),
    );
    const bound = type === "topic" || type === "direct" ? ["eu", "us"] : all;
    expect(ids(await take(await reading(link, subscription(parent, "s")), bound.length))).toEqual(bound);
    if (type === "direct") {
      const entity = subscription(parent, "t");
      await expect(link.declare([entity], "create", live)).rejects.toMatchObject({ code: "INVALID_CONFIG" });
    } else expect(ids(await take(await reading(link, subscription(parent, "t")), 3))).toEqual(all);
  },
);

test("the routing key is the type, else the key, or what is asked for", async () => {
  const [plainly, byKey, byFunction] = [unique("topic"), unique("topic"), unique("topic")];
  const link = await open({
    exchanges: { [byKey]: { routingKey: "key" }, [byFunction]: { routingKey: ({ id, type }) => `${id}.${type}` } },
  });
  const channel = await plain();
  const keys = async (name: string) => {
    await link.declare([topic(name)], "create", live);
    const { queue: mine } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(mine, name, "#");
    await sent(link, topic(name), [message("a", { type: "t", key: "k" }), message("b", { key: "k" }), message("c")]);
    const got = [await channel.get(mine), await channel.get(mine), await channel.get(mine)];
    return got.map((one) => one !== false && one.fields.routingKey);
  };
  expect(await keys(plainly)).toEqual(["t", "k", ""]);
  expect(await keys(byKey)).toEqual(["k", "k", ""]);
  expect(await keys(byFunction)).toEqual(["a.t", "b.undefined", "c.undefined"]);
});

test("a filter saves the traffic that a binding can tell apart, and lets pass whatever the core might match", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const only = { s: subscription(parent, "s", { filter: { region: ["eu", "us"], "x-tier": ["gold"] } }) };
  const number = subscription(parent, "t", { filter: { size: ["5"] } });
  await link.declare([parent, only.s, number], "create", live);
  const channel = await plain();
  const from = (id: string, headers: object) =>
    new Promise((resolve) => channel.publish(parent.name, "", Buffer.from(id), { messageId: id, headers }, resolve));
  await from("eu", { region: "eu", "x-tier": "gold", size: 5 });
  await from("bytes", { region: Buffer.from("us"), "x-tier": "gold", size: "5" });
  await from("silver", { region: "eu", "x-tier": "silver", size: 6 });
  await from("jp", { region: "jp", "x-tier": "gold" });
  await from("none", {});
  expect(ids(await take(await reading(link, only.s), 2))).toEqual(["eu", "bytes"]);
  expect(ids(await take(await reading(link, number), 3))).toEqual(["eu", "bytes", "silver"]);
  expect(await link.stats(only.s, live)).toMatchObject({ ready: 0 });
  expect(await link.stats(number, live)).toMatchObject({ ready: 0 });
});

test("a filter becomes as many bindings as it needs, and few when that were too many", () => {
  expect(filterBindings({ a: ["x"] })).toHaveLength(2);
  expect(filterBindings({ a: ["x", "y"], b: ["z"] })).toHaveLength(8);
  for (const odd of [
    "5",
    "-1.5",
    ".5",
    "true",
    "null",
    "[1]",
    '{"a":1}',
    "base64:AA==",
    "2023-11-14T22:13:20.000Z",
    "NaN",
  ]) {
    expect(filterBindings({ a: [odd, "x"] })).toEqual([{ "x-match": "all", a: null }]);
  }
  expect(filterBindings({ a: Array.from({ length: 100 }, (_, index) => `v${index}`) })).toHaveLength(1);
  expect(filterBindings({ "x-a": ["x"] })[0]).toMatchObject({ "x-match": "all-with-x" });
});

test("a delayed publish leaves the ladder for its topic when due, with its routing key, and one that nobody is there for blocks none", {
  timeout: 30_000,
}, async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  await link.declare([parent], "create", live);
  const soon = () => Date.now() + 200;
  const forNobody = Array.from({ length: 100 }, (_, index) => message(`n${index}`, { deliverAt: soon() }));
  expect(new Set(await sent(link, parent, forNobody))).toEqual(new Set(["accepted"]));
  const channel = await plain();
  await expect.poll(async () => (await channel.checkQueue(`${parent.name}.delay.250`)).messageCount).toBe(0);
  const entity = subscription(parent, "s");
  await link.declare([entity], "create", live);
  const since = Date.now();
  await sent(link, parent, [message("m", { deliverAt: soon(), type: "a.b" }), message("now")]);
  const source = await reading(link, entity, { window: 200 });
  // The last of those that left the ladder may come to the topic when the subscription is there.
  const next = async (): Promise<Delivery> => {
    const delivery = await takeOne(source);
    return /^n\d/.test(delivery.id ?? "") ? next() : delivery;
  };
  expect((await next()).id).toBe("now");
  const delivery = await next();
  expect(delivery).toMatchObject({ id: "m", native: { fields: { routingKey: "a.b" } } });
  expect({ ...delivery.headers }).toEqual({});
  expect(Date.now() - since).toBeGreaterThanOrEqual(200);
});

test("a foreign message on a topic is a message", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const entity = subscription(parent, "s");
  await link.declare([parent, entity], "create", live);
  const channel = await plain();
  await new Promise((resolve) => channel.publish(parent.name, "any.key", Buffer.from("hello"), {}, resolve));
  await put(channel, `${parent.name}.sub.s`, "straight");
  expect((await take(await reading(link, entity), 2)).map(({ body }) => Buffer.from(body).toString())).toEqual([
    "hello",
    "straight",
  ]);
});

test("an exchange of a type that the server has not says so, although it ends the connection", async () => {
  const name = unique("topic");
  const link = await open({ exchanges: { [name]: { type: "x-no-such-type" } } });
  await expect(link.declare([topic(name)], "create", live)).rejects.toThrow("exchange type");
});
