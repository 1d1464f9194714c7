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
import { open, plain, publishTo, unique } from "./harness.ts";

test("an entity that differs is used as it is, and each difference is reported", async () => {
  const link = await open();
  const name = unique("classic");
  const channel = await plain();
  await channel.assertQueue(name);
  await channel.assertQueue(`${name}.dlq`, { arguments: { "x-queue-type": "quorum" } });
  const entity = queue(name);
  const drift = [
    // The server names only the first argument that differs, in its own order.
    {
      entity,
      property: expect.stringMatching(`^x-.* of queue '${name}'$`),
      expected: expect.any(String),
      found: "none",
    },
    {
      entity,
      property: `x-delivery-limit of queue '${name}.dlq'`,
      expected: "2147483647",
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
    { property: "ordered", expected: "true", found: "false" },
  ]);
});

test("verify creates nothing: a missing queue is NOT_FOUND, a missing queue of dead letters is a difference", async () => {
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

test("declaring the same entities again reports nothing", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const entities = [parent, subscription(parent, "s", { filter: { region: ["eu"] } }), subscription(parent, "t")];
  for (let round = 0; round < 3; round += 1) expect(await link.declare(entities, "create", live)).toEqual([]);
});

test("existing queues and exchanges are used under their own names", async () => {
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
  "an existing exchange of type %s can be published to and subscribed to",
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

test("a filter saves the traffic that a binding can tell apart, and keeps everything that the core might match", async () => {
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

test("a message that another program publishes is a message like any other", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  const entity = subscription(parent, "s");
  await link.declare([parent, entity], "create", live);
  const channel = await plain();
  await new Promise((resolve) => channel.publish(parent.name, "any.key", Buffer.from("hello"), {}, resolve));
  await publishTo(channel, `${parent.name}.sub.s`, "straight");
  expect((await take(await reading(link, entity), 2)).map(({ body }) => Buffer.from(body).toString())).toEqual([
    "hello",
    "straight",
  ]);
});

test("an exchange of an unknown type is reported as such, although it ends the connection", async () => {
  const name = unique("topic");
  const link = await open({ exchanges: { [name]: { type: "x-no-such-type" } } });
  await expect(link.declare([topic(name)], "create", live)).rejects.toThrow("exchange type");
});
