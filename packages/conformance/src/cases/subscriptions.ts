import { deepEqual, equal, ok } from "node:assert/strict";
import type { Case } from "../case.ts";
import { toArray } from "../wait.ts";

const sorted = (numbers: readonly number[]): readonly number[] => numbers.toSorted((a, b) => a - b);

export const SUBSCRIPTIONS: readonly Case[] = [
  {
    id: "every-subscription-gets-all",
    name: "Every subscription gets every message; consumers of one subscription share them",
    section: "E",
    rows: [80, 107],
    async run(context) {
      const { topic } = await context.topic<number>();
      const other = (await context.connect()).topic<number>(topic.name);
      const alone = await context.collect(topic.subscription("alone"));
      const shared = [
        await context.collect(topic.subscription("shared")),
        await context.collect(topic.subscription("shared")),
        await context.collect(other.subscription("shared")),
      ];
      const numbers = Array.from({ length: 30 }, (_, index) => index);
      await Promise.all(numbers.map((number) => topic.publish(number)));
      await alone.waitForCount(30);
      await context.until("the shared messages", () => shared.flatMap(({ bodies }) => bodies).length >= 30);
      await Promise.all([alone, ...shared].map(({ consumer }) => consumer.close()));
      deepEqual(sorted(alone.bodies), numbers);
      deepEqual(sorted(shared.flatMap(({ bodies }) => bodies)), numbers);
    },
  },
  {
    id: "subscription-keeps-what-comes",
    name: "A subscription without consumers keeps its messages, and the next consumer gets exactly those",
    section: "E",
    rows: [81],
    async run(context) {
      const { broker, topic } = await context.topic<number>();
      const first = await context.collect(topic.subscription("keeper"));
      await topic.publish(0);
      await first.waitForCount(1);
      await broker.close();
      const publisher = (await context.connect()).topic<number>(topic.name);
      for (const round of [1, 2]) {
        for (let index = 0; index < 6; index += 1) await publisher.publish(round * 10 + index);
        const reader = await context.connect();
        const received = await context.collect(reader.topic<number>(topic.name).subscription("keeper"));
        await received.waitForCount(6);
        await reader.close();
        deepEqual(
          sorted(received.bodies),
          [0, 1, 2, 3, 4, 5].map((index) => round * 10 + index),
        );
      }
    },
  },
  {
    id: "publish-to-nobody",
    name: "A publish without any subscription succeeds, and a later subscription does not get the message",
    section: "E",
    rows: [82],
    async run(context) {
      const { topic } = await context.topic();
      await topic.publish("before");
      const received = await context.collect(topic.subscription("late"));
      await topic.publish("after");
      await received.waitForBody("after");
      deepEqual(received.bodies, ["after"]);
    },
  },
  {
    id: "subscribed-means-subscribed",
    name: "A message that is published after `subscribe` has resolved arrives",
    section: "E",
    rows: [116],
    async run(context) {
      const { topic } = await context.topic<number>();
      const publisher = (await context.connect()).topic<number>(topic.name);
      for (let number = 0; number < 5; number += 1) {
        const seen: number[] = [];
        // At the end of the case the subscriptions may be removed before their consumers.
        const onError = (): void => {};
        await topic.subscribe(`s${number}`, ({ body }) => void seen.push(body), { onError });
        await publisher.publish(number);
        await context.until("the message", () => seen.includes(number));
      }
    },
  },
  {
    id: "declared-subscription-keeps",
    name: "A declared subscription keeps messages that are published before its first consumer",
    section: "E",
    rows: [81, 87],
    async run(context) {
      const { broker, topic } = await context.topic();
      await broker.declare({ topics: { [topic.name]: { subscriptions: { early: {} } } } });
      await topic.publish("kept");
      const received = await context.collect(topic.subscription("early"));
      await received.waitForBody("kept");
    },
  },
  {
    id: "retry-stays-in-its-subscription",
    name: "A retry reaches only the subscription that failed",

    section: "B",
    rows: [35, 52],
    async run(context) {
      const { topic } = await context.topic();
      const healthy = await context.collect(topic.subscription("healthy"));
      const failing = await context.collect(topic.subscription("failing"), {
        handle: ({ body, attempt }) => {
          if (body === "body" && attempt < 3) throw new Error("again");
        },
      });
      await topic.publish("body");
      await failing.waitForCount(3);
      await topic.publish("marker");
      await Promise.all([healthy.waitForBody("marker"), failing.waitForBody("marker")]);
      deepEqual(healthy.bodies, ["body", "marker"]);
      deepEqual(
        failing.handled.map(({ attempt }) => attempt),
        [1, 2, 3, 1],
      );
    },
  },
  {
    id: "replay-stays-in-its-subscription",
    name: "A replay reaches only the subscription that the dead letter belongs to",
    section: "C",
    rows: [52],
    needs: ["deadLetters.list"],
    async run(context) {
      const { topic } = await context.topic();
      let mended = false;
      const healthy = await context.collect(topic.subscription("healthy"));
      const failing = await context.collect(topic.subscription("failing"), {
        retry: { attempts: 1 },
        handle: () => {
          if (!mended) throw new Error("broken");
        },
      });
      await topic.publish("body", { headers: { a: "1" } });
      const [letter] = await context.deadLetters(topic.subscription("failing"), 1);
      ok(letter?.source?.includes("failing"), `the source is ${letter?.source}`);
      deepEqual(await toArray(topic.subscription("healthy").deadLetters.list()), []);
      mended = true;
      equal(await topic.subscription("failing").deadLetters.replay({ all: true }), 1);
      await failing.waitForCount(2);
      await topic.publish("marker");
      await Promise.all([healthy.waitForBody("marker"), failing.waitForBody("marker")]);
      deepEqual(healthy.bodies, ["body", "marker"]);
      equal(failing.handled.length, 3);
      deepEqual([failing.handled[1]?.attempt, { ...failing.handled[1]?.message.headers }], [1, { a: "1" }]);
      deepEqual(await toArray(topic.subscription("failing").deadLetters.list()), []);
    },
  },
  {
    id: "one-consumer-fewer",
    name: "When one consumer closes, the others continue",
    section: "E",
    rows: [92, 93, 104],
    async run(context) {
      const { broker, topic } = await context.topic();
      const queue = broker.queue<string>(context.name());
      const first = await context.collect(topic.subscription("first"));
      const second = await context.collect(topic.subscription("second"));
      const third = await context.collect(queue);
      await first.consumer.close();
      await topic.publish("one");
      await queue.send("one");
      await Promise.all([second.waitForBody("one"), third.waitForBody("one")]);
      await second.consumer.close();
      await queue.send("two");
      await third.waitForBody("two");
      deepEqual(first.bodies, []);
    },
  },
  {
    id: "close-stops-delivery",
    name: "After a consumer has closed, its handler is not called again",
    section: "E",
    rows: [93],
    async run(context) {
      const { topic } = await context.topic();
      const closed = await context.collect(topic.subscription("same"));
      await topic.publish("one");
      await closed.waitForBody("one");
      await closed.consumer.close();
      await topic.publish("two");
      const next = await context.collect(topic.subscription("same"));
      await next.waitForBody("two");
      deepEqual(closed.bodies, ["one"]);
    },
  },
  {
    id: "ephemeral-leaves-nothing",
    name: "A subscription that is not durable ends with its consumer and leaves no backlog",
    section: "E",
    rows: [82, 93],
    needs: ["ephemeral"],
    async run(context) {
      const { topic } = await context.topic();
      const live = topic.subscription("live", { durable: false });
      const first = await context.collect(live);
      await topic.publish("one");
      await first.waitForBody("one");
      await first.consumer.close();
      await topic.publish("missed");
      const second = await context.collect(live);
      await topic.publish("two");
      await second.waitForBody("two");
      deepEqual(second.bodies, ["two"]);
    },
  },
  {
    id: "ephemeral-retries",
    name: "A subscription that is not durable retries like any other, and discards a message after the last attempt",
    section: "E",
    rows: [42, 93],
    needs: ["ephemeral"],
    async run(context) {
      const { topic } = await context.topic();
      const received = await context.collect(topic.subscription("live", { durable: false }), {
        retry: { ...context.quickRetry, attempts: 3 },
        handle: ({ body }) => {
          if (body === "poison") throw new Error("no");
        },
      });
      await topic.publish("poison");
      await context.until("the poison message to be discarded", () => received.consumer.stats().discarded === 1);
      await topic.publish("marker");
      await received.waitForBody("marker");
      deepEqual(
        received.handled.map(({ attempt }) => attempt),
        [1, 2, 3, 1],
      );
    },
  },
];
