import { deepEqual, equal, ok } from "node:assert/strict";
import type { Case } from "../case.ts";
import { gate } from "../wait.ts";

export const SETTLE: readonly Case[] = [
  {
    id: "return-acks",
    name: "A message whose handler returned is acked: a later consumer does not get it",
    section: "B",
    rows: [26, 31],
    async run(context) {
      const { broker, queue } = await context.queue();
      const first = await context.collect(queue, { handle: async () => {} });
      await queue.send("done");
      await first.waitForCount(1);
      await first.consumer.close();
      equal(first.consumer.stats().acked, 1);
      await broker.close();
      const again = (await context.connect()).queue<string>(queue.name);
      const second = await context.collect(again);
      await again.send("marker");
      await second.waitForBody("marker");
      deepEqual(second.bodies, ["marker"]);
    },
  },
  {
    id: "throw-retries",
    name: "When a handler throws, its message is delivered again",
    section: "B",
    rows: [21, 31],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("no");
        },
      });
      await queue.send("body");
      await received.waitForCount(2);
      deepEqual(
        received.handled.map(({ attempt }) => attempt),
        [1, 2],
      );
    },
  },
  {
    id: "rejection-retries",
    name: "When a handler's promise rejects, its message is delivered again",
    section: "B",
    rows: [31],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        handle: async ({ attempt }) => {
          await Promise.resolve();
          if (attempt === 1) throw new Error("no");
        },
      });
      await queue.send("body");
      await received.waitForCount(2);
      equal(received.handled[1]?.attempt, 2);
    },
  },
  {
    id: "attempts-count-failures",
    name: "The attempt is 1 plus the number of failures, and a message that failed is marked as redelivered",
    section: "B",
    rows: [30],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt < 4) throw new Error(`failure ${attempt}`);
        },
      });
      await queue.send("body");
      await received.waitForCount(4);
      deepEqual(
        received.handled.map(({ attempt, message }) => [attempt, message.redelivered]),
        [
          [1, false],
          [2, true],
          [3, true],
          [4, true],
        ],
      );
    },
  },
  {
    id: "attempts-outlive-the-consumer",
    name: "The count of attempts survives the consumer: the next consumer continues it",
    section: "B",
    rows: [38],
    async run(context) {
      const { broker, queue } = await context.queue();
      const never = gate();
      const first = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("no");
          return never.promise;
        },
        retry: { attempts: 9, backoff: { initial: 400, factor: 1, jitter: 0 } },
      });
      await queue.send("body");
      await context.until("the retry to be settled", () => first.consumer.stats().retried === 1);
      await broker.close({ drainTimeout: 0 });
      const second = await context.collect((await context.connect()).queue<string>(queue.name));
      await second.waitForCount(1);
      equal(second.handled[0]?.attempt, 2);
    },
  },
  {
    id: "one-at-a-time",
    name: "With concurrency 1, a message waits until the handler of the one before has finished",
    section: "B",
    rows: [22],
    async run(context) {
      const { queue } = await context.queue<number>();
      const gates = [gate(), gate(), gate()];
      let running = 0;
      let most = 0;
      const received = await context.collect(queue, {
        handle: async ({ body }) => {
          running += 1;
          most = Math.max(most, running);
          await gates[body]?.promise;
          running -= 1;
        },
      });
      for (const number of [0, 1, 2]) await queue.send(number);
      for (const times of [1, 2, 3]) {
        await received.waitForCount(times);
        equal(received.handled.length, times);
        gates[received.bodies.at(-1) ?? 0]?.open();
      }
      equal(most, 1);
    },
  },
  {
    id: "concurrency-reached-and-kept",
    name: "With concurrency N, exactly N handlers run at once while there is work",
    section: "D",
    rows: [78],
    async run(context) {
      const { queue } = await context.queue<number>();
      const go = gate();
      let running = 0;
      let most = 0;
      const received = await context.collect(queue, {
        concurrency: 3,
        handle: async () => {
          running += 1;
          most = Math.max(most, running);
          await go.promise;
          running -= 1;
        },
      });
      await Promise.all(Array.from({ length: 9 }, (_, index) => queue.send(index)));
      await received.waitForCount(3);
      equal(received.consumer.stats().running, 3);
      go.open();
      await received.waitForCount(9);
      equal(most, 3);
    },
  },
  {
    id: "prefetch-kept",
    name: "A consumer holds at most `prefetch` messages, and other consumers get the rest",
    section: "D",
    rows: [78, 79],
    async run(context) {
      const { queue } = await context.queue<number>();
      const stuck = gate();
      const busy = await context.collect(queue, { prefetch: 3, handle: () => stuck.promise });
      await queue.send(0);
      await busy.waitForCount(1);
      await Promise.all(Array.from({ length: 11 }, (_, index) => queue.send(index + 1)));
      const free = await context.collect((await context.connect()).queue<number>(queue.name));
      await free.waitForCount(9);
      equal(busy.handled.length, 1);
      ok(busy.consumer.stats().waiting <= 2, "more than two messages wait for the handler");
      stuck.open();
      await context.until("all messages to be handled", () => busy.handled.length + free.handled.length >= 12);
      deepEqual(new Set([...busy.bodies, ...free.bodies]).size, 12);
    },
  },
  {
    id: "many-failures-lose-nothing",
    name: "When every message fails once, on several consumers, every message still succeeds",
    section: "B",
    rows: [21, 23, 41],
    effort: 1.5,
    async run(context) {
      const { queue } = await context.queue<number>();
      const other = (await context.connect()).queue<number>(queue.name);
      const done = new Set<number>();
      const options = {
        concurrency: 10,
        handle: ({ body, attempt }: { body: number; attempt: number }) => {
          if (attempt === 1) throw new Error("once");
          done.add(body);
        },
      };
      await Promise.all([context.collect(queue, options), context.collect(other, options)]);
      await Promise.all(Array.from({ length: 200 }, (_, index) => queue.send(index)));
      await context.until(
        "all messages to succeed",
        () => done.size === 200,
        () => done.size,
      );
    },
  },
  {
    id: "point-to-point",
    name: "Consumers of a queue compete: each message is handled by one of them",

    section: "E",
    rows: [79],
    async run(context) {
      const { queue } = await context.queue<number>();
      const other = (await context.connect()).queue<number>(queue.name);
      const received = await Promise.all([context.collect(queue), context.collect(queue), context.collect(other)]);
      await Promise.all(Array.from({ length: 30 }, (_, index) => queue.send(index)));
      const all = (): number[] => received.flatMap((one) => one.bodies);
      await context.until("all messages to be handled", () => all().length >= 30);
      await Promise.all(received.map((one) => one.consumer.close()));
      deepEqual(
        all().toSorted((a, b) => a - b),
        Array.from({ length: 30 }, (_, index) => index),
      );
    },
  },
  {
    id: "failing-neighbour",
    name: "A message that fails does not block the others",
    section: "B",
    rows: [36, 41],
    async run(context) {
      const { queue } = await context.queue<string>();
      const received = await context.collect(queue, {
        retry: { attempts: 9, backoff: { initial: 60_000, max: 60_000, jitter: 0 } },
        handle: ({ body }) => {
          if (body === "bad") throw new Error("no");
        },
      });
      await queue.send("bad");
      await context.until("the retry to be settled", () => received.consumer.stats().retried >= 1);
      for (const body of ["a", "b", "c"]) await queue.send(body);
      await Promise.all(["a", "b", "c"].map((body) => received.waitForBody(body)));
      equal(received.handled.length, 4);
    },
  },
];
