import { ids, live, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { message, testbed } from "../harness.ts";

test("every subscription gets its own copy, by its filter, and a topic without a subscription drops what is published", async () => {
  await using it = await testbed();
  const news = topic("news");
  await it.declare(news);
  expect(await it.send(news, message("early"))).toEqual([undefined]);
  const all = subscription(news, "all");
  const red = subscription(news, "red", { filter: { colour: ["red", "pink"], size: ["s"] } });
  await it.declare(all, red);
  await it.send(
    news,
    message("1", { headers: { colour: "red", size: "s" } }),
    message("2", { headers: { colour: "red" } }),
    message("3", { headers: { colour: "blue", size: "s" } }),
    message("4", { headers: { colour: "pink", size: "s" } }),
  );
  expect(ids(await (await it.open(all)).receive(10, live))).toEqual(["1", "2", "3", "4"]);
  expect(ids(await (await it.open(red)).receive(10, live))).toEqual(["1", "4"]);
});

test("a publish that no filter matches is one that no subscription gets", async () => {
  await using it = await testbed();
  const news = topic("news", 1_000);
  await it.declare(news, subscription(news, "red", { filter: { colour: ["red"] } }));
  const unrouted: string[] = [];
  const coloured = (colour: string) =>
    message(colour, { headers: { colour }, onUnrouted: () => void unrouted.push(colour) });
  await it.send(news, coloured("blue"), coloured("red"));
  expect(unrouted).toEqual(["blue"]);
});

test("a durable subscription gets messages that were published while it was not connected", async () => {
  await using it = await testbed({ name: "durable" });
  const news = topic("news");
  const reader = subscription(news, "reader");
  await it.declare(news, reader);
  await it.link.close(live);
  const sender = await it.connect();
  await sender.send(news, [message("a")], () => {}, live);
  await sender.close(live);
  const link = await it.connect();
  const source = await link.open(reader, { window: 1 }, () => {}, live);
  expect(ids(await source.receive(1, live))).toEqual(["a"]);
});

test("an ephemeral subscription begins when it opens, is private, and leaves nothing behind", async () => {
  await using it = await testbed();
  const news = topic("news");
  const mine = subscription(news, "mine", { durable: false });
  await it.declare(news);
  await it.send(news, message("before"));
  const [one, two] = [await it.open(mine), await it.open(mine)];
  await it.send(news, message("a"));
  expect(ids(await one.receive(5, live))).toEqual(["a"]);
  expect(ids(await two.receive(5, live))).toEqual(["a"]);
  expect(it.link.native.messages).toBe(2);
  expect(await it.link.stats(mine, live)).toMatchObject({ inFlight: 1 });
  await one.close(live);
  await two.close(live);
  expect(it.link.native.messages).toBe(0);
  expect(it.link.native.entities()).toMatchObject([{ kind: "topic", name: "news" }]);
});

test("a later subscription gets what the retention keeps, from the beginning or from a date", async () => {
  await using it = await testbed();
  const news = topic("news", 1_000);
  await it.declare(news);
  await it.send(news, message("a"));
  await it.clock.advance(400);
  await it.send(news, message("b"));
  const date = new Date(it.clock.now());
  const [all, since, latest] = [
    subscription(news, "all", { from: "earliest" }),
    subscription(news, "since", { from: date }),
    subscription(news, "latest"),
  ];
  await it.declare(all, since, latest);
  expect(ids(await (await it.open(all)).receive(5, live))).toEqual(["a", "b"]);
  expect(ids(await (await it.open(since)).receive(5, live))).toEqual(["b"]);
  expect(await it.link.stats(latest, live)).toMatchObject({ ready: 0 });
  await it.clock.advance(600);
  const late = subscription(news, "late", { from: "earliest" });
  await it.declare(late);
  expect(ids(await (await it.open(late)).receive(5, live))).toEqual(["b"]);
});

test("kept messages make room when their retention is over", async () => {
  await using it = await testbed({ maxMessages: 1 });
  const [news, other] = [topic("news", 1_000), topic("other", 1_000)];
  await it.declare(news, other);
  expect(await it.send(news, message("a"))).toEqual([undefined]);
  expect(await it.send(other, message("b"))).not.toEqual([undefined]);
  await it.clock.advance(1_000);
  expect(await it.send(other, message("b"))).toEqual([undefined]);
});

test("a delayed publish reaches the subscriptions that exist when it is due, and a retry only the one that failed", async () => {
  await using it = await testbed();
  const news = topic("news");
  await it.declare(news);
  await it.send(news, message("a", { deliverAt: it.clock.now() + 100 }));
  const [one, two] = [subscription(news, "one"), subscription(news, "two")];
  await it.declare(one, two);
  await it.clock.advance(100);
  const source = await it.open(one);
  const [delivery] = await source.receive(1, live);
  if (delivery === undefined) throw new Error("no message was delivered");
  await source.settle([{ action: "retry", delivery, delay: 50, headers: {} }], live);
  expect(await it.link.stats(one, live)).toMatchObject({ ready: 0, delayed: 1 });
  await it.clock.advance(50);
  expect(await it.link.stats(one, live)).toMatchObject({ ready: 1, delayed: 0 });
  expect(await it.link.stats(two, live)).toMatchObject({ ready: 1 });
});
