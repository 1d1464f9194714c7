import { deepEqual, equal, match, ok } from "node:assert/strict";
import { bytes, type Message } from "@anybroker/core";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { Faults, InjectedError } from "../layers/faults.ts";

export const BATCHES: readonly Case[] = [
  {
    id: "send-batch",
    name: "A batch send returns one result for each message, in order, and every message arrives",
    section: "D",
    rows: [71, 112],
    async run(context) {
      const { queue } = await context.queue<number>();
      const results = await queue.sendBatch(
        [0, 1, 2, 3, 4].map((body) => ({ body, id: `b-${body}`, headers: { n: `${body}` } })),
      );
      deepEqual(
        results.map(({ id, error }) => [id, error]),
        [0, 1, 2, 3, 4].map((number) => [`b-${number}`, undefined]),
      );
      const received = await context.collect(queue);
      await received.waitForCount(5);
      for (const { body, id, message } of received.handled)
        deepEqual([id, message.headers.n], [`b-${body}`, `${body}`]);
    },
  },
  {
    id: "empty-batch",
    name: "An empty batch returns no results",
    section: "D",
    rows: [72],
    async run(context) {
      const { queue } = await context.queue();
      deepEqual(await queue.sendBatch([]), []);
    },
  },
  {
    id: "large-batch",
    name: "A batch that is larger than any broker accepts at once arrives completely",
    section: "D",
    rows: [72],
    effort: 1.5,
    async run(context) {
      const { queue } = await context.queue<number>();
      const numbers = Array.from({ length: 1_500 }, (_, index) => index);
      const results = await queue.sendBatch(numbers.map((body) => ({ body })));
      equal(results.filter(({ error }) => error === undefined).length, 1_500);
      const received = await context.collect(queue, { concurrency: 50 });
      await received.waitForCount(1_500);
      equal(new Set(received.bodies).size, 1_500);
    },
  },
  {
    id: "batch-with-oversized",
    name: "A message of a batch that is too large fails in its own result, and the others are sent",
    section: "D",
    rows: [73, 132],
    async run(context) {
      const broker = await context.connect({ capabilities: { limits: { body: 1_000 } } });
      const queue = broker.queue(context.name(), { codec: bytes });
      const results = await queue.sendBatch([10, 1_001, 20].map((length) => ({ body: new Uint8Array(length) })));
      deepEqual(
        results.map(({ error }) => error?.code),
        [undefined, "TOO_LARGE", undefined],
      );
      const received = await context.collect(queue);
      await received.waitForCount(2);
      deepEqual(new Set(received.bodies.map(({ length }) => length)), new Set([10, 20]));
    },
  },
  {
    id: "batch-partly-refused",
    name: "When the broker refuses one message of a batch, only the result of that message has the error",
    section: "D",
    rows: [71, 132],
    async run(context) {
      const faults = new Faults();
      faults.send = ({ id }) =>
        id === "bad" ? { error: new InjectedError("REJECTED", false), outcomeUnknown: false } : undefined;
      const { queue } = await context.queue({ faults });
      const results = await queue.sendBatch(["one", "bad", "two", "three", "four"].map((id) => ({ body: id, id })));
      deepEqual(
        results.map(({ id, error }) => [id, error?.code]),
        [
          ["one", undefined],
          ["bad", "REJECTED"],
          ["two", undefined],
          ["three", undefined],
          ["four", undefined],
        ],
      );
      const received = await context.collect(queue);
      await received.waitForCount(4);
      deepEqual(new Set(received.bodies), new Set(["one", "two", "three", "four"]));
    },
  },
  {
    id: "one-refused-among-many",
    name: "A send that the broker refuses does not affect other sends in flight",
    section: "D",
    rows: [132],
    async run(context) {
      const faults = new Faults();
      faults.send = ({ headers }) =>
        headers.bad === undefined ? undefined : { error: new InjectedError("REJECTED", false), outcomeUnknown: false };
      const { queue } = await context.queue<number>({ faults });
      const sends = Array.from({ length: 20 }, (_, index) =>
        queue.send(index, index === 7 ? { headers: { bad: "yes" } } : {}).then(
          () => "sent",
          (error: unknown) => codeOf(error),
        ),
      );
      const outcomes = await Promise.all(sends);
      deepEqual(
        outcomes,
        Array.from({ length: 20 }, (_, index) => (index === 7 ? "REJECTED" : "sent")),
      );
      const received = await context.collect(queue);
      await received.waitForCount(19);
      ok(!received.bodies.includes(7), "the refused message arrived");
    },
  },
  {
    id: "publish-batch",
    name: "A batch publish reaches every subscription",
    section: "D",
    rows: [71],
    async run(context) {
      const { topic } = await context.topic<number>();
      const received = await Promise.all(["a", "b"].map((name) => context.collect(topic.subscription(name))));
      const results = await topic.publishBatch([0, 1, 2].map((body) => ({ body, key: `k${body}` })));
      deepEqual(
        results.map(({ error }) => error),
        [undefined, undefined, undefined],
      );
      for (const { id } of results) match(id, /^[0-9a-f-]{36}$/);
      for (const one of received) {
        await one.waitForCount(3);
        deepEqual(new Set(one.bodies), new Set([0, 1, 2]));
      }
    },
  },
  {
    id: "consume-batch-by-count",
    name: "A batch handler is called as soon as `max` messages are there, and never with more",
    section: "D",
    rows: [75, 76],
    async run(context) {
      const { queue } = await context.queue<number>();
      const sizes: number[] = [];
      await queue.consumeBatch((messages) => void sizes.push(messages.length), { max: 5, wait: context.patience * 2 });
      await Promise.all(Array.from({ length: 15 }, (_, index) => queue.send(index)));
      await context.until("three batches", () => sizes.length === 3);
      deepEqual(sizes, [5, 5, 5]);
    },
  },
  {
    id: "consume-batch-by-time",
    name: "A batch that does not fill up is handled when its `wait` is over",
    section: "D",
    rows: [75, 76],
    async run(context) {
      const { queue } = await context.queue<number>();
      const seen: number[] = [];
      const consumer = await queue.consumeBatch((messages) => void seen.push(...messages.map(({ body }) => body)), {
        max: 100,
        wait: 50,
      });
      for (const number of [0, 1, 2]) await queue.send(number);
      await context.until("all messages to be handled", () => seen.length === 3);
      await context.until("all messages to be acked", () => consumer.stats().acked === 3);
      await queue.send(3);
      await context.until("the late message", () => seen.length === 4);
    },
  },
  {
    id: "consume-batch-settles-alone",
    name: "A batch handler can settle each message on its own; the other messages are acked when it returns",
    section: "D",
    rows: [74],
    async run(context) {
      const { queue } = await context.queue<number>();
      const seen: [number, number][] = [];
      const consumer = await queue.consumeBatch(
        async (messages) => {
          for (const message of messages) {
            seen.push([message.body, message.attempt]);
            if (message.body === 1 && message.attempt === 1) await message.retry();
          }
        },
        { max: 3, wait: 50, retry: context.quickRetry },
      );
      await Promise.all([0, 1, 2].map((number) => queue.send(number)));
      await context.until("the failed message to be delivered again", () => seen.length === 4);
      deepEqual(seen[3], [1, 2]);
      await context.until("all messages to be acked", () => consumer.stats().acked === 3);
    },
  },
  {
    id: "consume-batch-throws",
    name: "When a batch handler throws, the messages that it has not settled are retried, and the settled ones are not",
    section: "D",
    rows: [74],
    async run(context) {
      const { queue } = await context.queue<number>();
      const seen: [number, number][] = [];
      const errors: unknown[] = [];
      await queue.consumeBatch(
        async (messages: readonly Message<number>[]) => {
          for (const { body, attempt } of messages) seen.push([body, attempt]);
          if (messages.some(({ attempt }) => attempt > 1)) return;
          for (const message of messages) if (message.body === 0) await message.ack();
          throw new Error("half way");
        },
        { max: 3, wait: 100, retry: context.quickRetry, onError: (error) => void errors.push(error) },
      );
      await queue.sendBatch([0, 1, 2].map((body) => ({ body })));
      await context.until(
        "the other messages to be delivered again",
        () => seen.filter(([, attempt]) => attempt === 2).length === 2,
      );
      deepEqual(
        seen.filter(([, attempt]) => attempt === 2).toSorted(([a], [b]) => a - b),
        [
          [1, 2],
          [2, 2],
        ],
      );
      ok(errors.length > 0, "no error was reported");
    },
  },
  {
    id: "consume-batch-poison",
    name: "A message whose body cannot be decoded is taken out of its batch, and the others are handled",
    section: "D",
    rows: [47, 74],
    needs: ["deadLetters.list"],
    async run(context) {
      const broker = await context.connect();
      const name = context.name();
      const queue = broker.queue<number>(name);
      const seen: number[] = [];
      await queue.consumeBatch((messages) => void seen.push(...messages.map(({ body }) => body)), {
        max: 3,
        wait: 50,
        onError: () => {},
      });
      await broker.queue(name, { codec: { ...bytes, contentType: "application/json" } }).send(Uint8Array.of(255));
      await queue.send(1);
      await queue.send(2);
      await context.until("the good messages", () => seen.length === 2);
      deepEqual(new Set(seen), new Set([1, 2]));
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual([...(letter?.bytes ?? [])], [255]);
    },
  },
];
