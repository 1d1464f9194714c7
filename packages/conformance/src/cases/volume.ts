import { deepEqual, equal, rejects } from "node:assert/strict";
import { bytes, type Codec } from "@anybroker/core";
import type { Case } from "../case.ts";
import { awaitLater } from "../wait.ts";

const green: Codec<string> = {
  contentType: "text/green",
  encode: (value) => Buffer.from(`green:${value}`),
  decode: (body, contentType) => `${contentType} ${Buffer.from(body).toString()}`,
};

export const VOLUME: readonly Case[] = [
  {
    id: "thousand-messages",
    name: "A thousand messages of several senders all arrive",
    section: "A",
    rows: [12],
    effort: 1.5,
    async run(context) {
      const name = context.name();
      const senders = await Promise.all([context.connect(), context.connect()]);
      const received = await context.collect(senders[0].queue<number>(name), { concurrency: 50 });
      const numbers = Array.from({ length: 1_000 }, (_, index) => index);
      const handles = senders.map((broker) => broker.queue<number>(name));
      await Promise.all(handles.flatMap((queue, at) => numbers.filter((n) => n % 2 === at).map((n) => queue.send(n))));
      await received.waitForCount(1_000);
      deepEqual(new Set(received.bodies), new Set(numbers));
    },
  },
  {
    id: "queues-do-not-mix",
    name: "A message reaches the queue that it was sent to and no other",
    section: "A",
    rows: [16, 17],
    async run(context) {
      const broker = await context.connect();
      const queues = Array.from({ length: 6 }, () => broker.queue<string>(context.name()));
      const received = await Promise.all(queues.map((queue) => context.collect(queue)));
      await Promise.all(queues.flatMap((queue) => [queue.send(`1 ${queue.name}`), queue.send(`2 ${queue.name}`)]));
      await Promise.all(received.map((one) => one.waitForCount(2)));
      for (const [index, one] of received.entries()) {
        const { name } = queues[index] ?? { name: "" };
        deepEqual(new Set(one.bodies), new Set([`1 ${name}`, `2 ${name}`]));
      }
    },
  },
  {
    id: "topics-do-not-mix",
    name: "A subscription gets the messages of its own topic and no others",
    section: "A",
    rows: [16],
    async run(context) {
      const { broker, topic } = await context.topic();
      const other = broker.topic<string>(context.name());
      const received = await context.collect(topic.subscription("same"));
      const elsewhere = await context.collect(other.subscription("same"));
      await other.publish("other");
      await elsewhere.waitForCount(1);
      await topic.publish("mine");
      await received.waitForCount(1);
      deepEqual(received.bodies, ["mine"]);
      deepEqual(elsewhere.bodies, ["other"]);
    },
  },
  {
    id: "copies-are-isolated",
    name: "Changes to the body and headers after the send, or in a handler, do not change the message",
    section: "A",
    rows: [14],
    async run(context) {
      const broker = await context.connect();
      const queue = broker.queue(context.name(), { codec: bytes });
      const body = Uint8Array.of(1, 2, 3);
      const headers = { a: "before" };
      const sending = awaitLater(queue.send(body, { headers }));
      body.fill(9);
      headers.a = "after";
      await sending;
      const seen: unknown[] = [];
      await using received = await context.collect(queue, {
        handle: (message) => {
          seen.push([[...message.body], { ...message.headers }]);
          message.body.fill(7);
          if (seen.length === 1) throw new Error("again");
        },
      });
      await received.waitForCount(2);
      deepEqual(seen, Array(2).fill([[1, 2, 3], { a: "before" }]));
    },
  },
  {
    id: "encoding-fails",
    name: "A body that cannot be encoded is refused, and no message is sent",
    section: "A",
    rows: [18],
    async run(context) {
      const { queue } = await context.queue<unknown>();
      const circle: Record<string, unknown> = {};
      circle.self = circle;
      await rejects(queue.send(circle), TypeError);
      await rejects(
        queue.send(() => 1),
        TypeError,
      );
      await rejects(queue.send(undefined), TypeError);
      await rejects(queue.send(Uint8Array.of(1)), TypeError);
      await queue.send("marker");
      const received = await context.collect(queue);
      await received.waitForCount(1);
      deepEqual(received.bodies, ["marker"]);
    },
  },
  {
    id: "own-codec",
    name: "A custom codec encodes and decodes the body, and its content type is sent",
    section: "A",
    rows: [19],
    async run(context) {
      const broker = await context.connect();
      const queue = broker.queue(context.name(), { codec: green });
      const received = await context.collect(queue);
      await queue.send("leaf");
      await received.waitForCount(1);
      equal(received.bodies[0], "text/green green:leaf");
    },
  },
  {
    id: "send-only",
    name: "A program that only sends needs no consumer, and a later consumer gets every message",
    section: "E",
    rows: [96],
    async run(context) {
      const name = context.name();
      const sender = await context.connect();
      await sender.queue(name).send("first");
      await sender.queue(name).send("second");
      await sender.close();
      const received = await context.collect((await context.connect()).queue<string>(name));
      await received.waitForCount(2);
      deepEqual(new Set(received.bodies), new Set(["first", "second"]));
    },
  },
  {
    id: "stats",
    name: "The number of waiting messages rises with sends and returns to zero",

    section: "A",
    rows: [13],
    needs: ["stats"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("one");
      await queue.send("two");
      await context.until("a count of two", async () => (await queue.stats()).ready === 2);
      const received = await context.collect(queue);
      await received.waitForCount(2);
      await received.consumer.close();
      await context.until("a count of zero", async () => (await queue.stats()).ready === 0);
    },
  },
];
