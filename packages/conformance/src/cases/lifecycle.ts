import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { awaitLater, gate } from "../wait.ts";

const closed = { name: "BrokerError", code: "CLOSED" };

export const LIFECYCLE: readonly Case[] = [
  {
    id: "close-is-idempotent",
    name: "Consumers and broker objects can be closed more than once, even at the same time",
    section: "F",
    rows: [97],
    async run(context) {
      const { broker, queue } = await context.queue();
      const { consumer } = await context.collect(queue);
      await Promise.all([consumer.close(), consumer.close()]);
      await consumer.close();
      await Promise.all([broker.close(), broker.close()]);
      await broker.close();
      await broker[Symbol.asyncDispose]();
      equal(await consumer.closed, undefined);
    },
  },
  {
    id: "close-unused",
    name: "A broker object that was never used closes at once",

    section: "F",
    rows: [97],
    async run(context) {
      const broker = await context.connect();
      await context.soon("an unused broker object to close", broker.close());
    },
  },
  {
    id: "close-idle-consumer",
    name: "An idle consumer closes at once",
    section: "F",
    rows: [97, 101],
    async run(context) {
      const { broker, queue } = await context.queue();
      const { consumer } = await context.collect(queue);
      await context.soon("an idle consumer to close", consumer.close());
      const start = performance.now();
      const second = await context.collect(broker.queue(queue.name));
      await context.soon("an idle broker object to close", broker.close());
      equal(await second.consumer.closed, undefined);
      ok(performance.now() - start < context.patience, "it took too long");
    },
  },
  {
    id: "closed-is-closed",
    name: "After close every call fails with CLOSED",
    section: "F",
    rows: [98],
    async run(context) {
      const { broker, queue } = await context.queue();
      const topic = broker.topic<string>(context.name());
      await queue.send("before");
      await broker.close();
      await rejects(queue.send("after"), closed);
      await rejects(topic.publish("after"), closed);
      await rejects(
        queue.consume(() => {}),
        closed,
      );
      await rejects(
        topic.subscription("s").consume(() => {}),
        closed,
      );
      await rejects(queue.stats(), closed);
      await rejects(queue.deadLetters.count(), closed);
      await rejects(broker.declare({ queues: { [queue.name]: {} } }), closed);
      const [result] = await queue.sendBatch([{ body: "after" }]);
      equal(result?.error?.code, "CLOSED");
    },
  },
  {
    id: "close-flushes-sends",
    name: "Close waits for sends in flight: each resolves, and each message arrives",
    section: "F",
    rows: [99],
    effort: 1.5,
    async run(context) {
      const { broker, queue } = await context.queue<number>();
      const sends = Array.from({ length: 2_000 }, (_, index) => awaitLater(queue.send(index)));
      await Promise.all([broker.close(), ...sends]);
      const received = await context.collect((await context.connect()).queue<number>(queue.name), { concurrency: 50 });
      await received.waitForCount(2_000);
      equal(new Set(received.bodies).size, 2_000);
    },
  },
  {
    id: "close-while-sending",
    name: "A send during close either arrives or fails with CLOSED: none hangs, and none is lost",
    section: "F",
    rows: [97, 99],
    async run(context) {
      const { broker, queue } = await context.queue<number>();
      const outcomes: Promise<unknown>[] = [];
      const send = (index: number): void => {
        outcomes.push(
          queue.send(index).then(
            () => "sent",
            (error: unknown) => codeOf(error),
          ),
        );
      };
      for (let index = 0; index < 50; index += 1) send(index);
      const closing = awaitLater(broker.close());
      for (let index = 50; index < 60; index += 1) send(index);
      await context.soon("the broker object to close", closing);
      for (let index = 60; index < 70; index += 1) send(index);
      const known = await context.soon("every send to settle", Promise.all(outcomes));
      deepEqual(new Set(known.slice(60)), new Set(["CLOSED"]));
      ok(known.every((outcome) => outcome === "sent" || outcome === "CLOSED"));
      const sent = known.flatMap((outcome, index) => (outcome === "sent" ? [index] : []));
      ok(sent.length >= 50, `${sent.length} of the 50 before the close were sent`);
      const received = await context.collect((await context.connect()).queue<number>(queue.name), { concurrency: 20 });
      await context.until("the sent messages to arrive", () => sent.every((index) => received.bodies.includes(index)));
    },
  },
  {
    id: "close-waits-for-handlers",
    name: "Close waits for running handlers and settles their messages",
    section: "F",
    rows: [100],
    async run(context) {
      const { broker, queue } = await context.queue();
      const hold = gate();
      let finished = false;
      const received = await context.collect(queue, {
        handle: async ({ signal }) => {
          await hold.promise;
          finished = !signal.aborted;
        },
      });
      await queue.send("running");
      await received.waitForCount(1);
      const closing = awaitLater(broker.close());
      hold.open();
      await context.soon("the broker object to close", closing);
      equal(finished, true);
      const again = (await context.connect()).queue<string>(queue.name);
      const second = await context.collect(again);
      await again.send("marker");
      await second.waitForBody("marker");
      deepEqual(second.bodies, ["marker"]);
    },
  },
  {
    id: "drain-gives-back-unstarted",
    name: "Close releases the messages that no handler has begun, and they do not count as attempted",
    section: "B",
    rows: [33, 111],
    async run(context) {
      const { broker, queue } = await context.queue<number>();
      const hold = gate();
      const received = await context.collect(queue, { prefetch: 10, handle: () => hold.promise });
      await Promise.all([0, 1, 2, 3, 4, 5].map((number) => queue.send(number)));
      await received.waitForCount(1);
      const closing = awaitLater(broker.close());
      hold.open();
      await context.soon("the broker object to close", closing);
      equal(received.handled.length, 1);
      const second = await context.collect((await context.connect()).queue<number>(queue.name));
      await second.waitForCount(5);
      deepEqual(new Set([...received.bodies, ...second.bodies]).size, 6);
      ok(second.handled.every(({ attempt }) => attempt === 1));
    },
  },
  {
    id: "drain-deadline",
    name: "When the drain timeout is over, running handlers are aborted and their messages released, without counting an attempt",
    section: "F",
    rows: [100, 101, 103],
    async run(context) {
      const { broker, queue } = await context.queue();
      const never = gate();
      const late = gate<boolean>();
      const received = await context.collect(queue, {
        handle: async (message) => {
          await never.promise;
          late.open(await message.ack());
        },
      });
      await queue.send("stuck");
      await received.waitForCount(1);
      const { signal } = received.handled[0]?.message ?? {};
      await context.soon("the broker object to close", broker.close({ drainTimeout: 60 }));
      equal(signal?.aborted, true);
      const second = await context.collect((await context.connect()).queue<string>(queue.name));
      await second.waitForCount(1);
      equal(second.handled[0]?.attempt, 1);
      never.open();
      equal(await context.soon("the late ack to return", late.promise), false);
    },
  },
  {
    id: "aborted-consumer",
    name: "An aborted signal closes a consumer, and the messages that it had not begun go to other consumers",
    section: "F",
    rows: [102, 104],
    async run(context) {
      const { queue } = await context.queue<number>();
      const stop = new AbortController();
      const hold = gate();
      const received = await context.collect(queue, { signal: stop.signal, prefetch: 4, handle: () => hold.promise });
      await Promise.all([0, 1, 2].map((number) => queue.send(number)));
      await received.waitForCount(1);
      stop.abort();
      hold.open();
      equal(await context.soon("the consumer to close", received.consumer.closed), undefined);
      const second = await context.collect(queue);
      await second.waitForCount(2);
      ok(second.handled.every(({ attempt }) => attempt === 1));
      await rejects(
        queue.consume(() => {}, { signal: stop.signal }),
        { name: "BrokerError", code: "CANCELLED" },
      );
    },
  },
  {
    id: "await-using",
    name: "`await using` closes a consumer and a broker object",
    section: "F",
    rows: [97],
    async run(context) {
      const { broker, queue } = await context.queue();
      const { consumer } = await context.collect(queue);
      await consumer[Symbol.asyncDispose]();
      equal(await consumer.closed, undefined);
      await broker[Symbol.asyncDispose]();
      await rejects(queue.send("after"), closed);
    },
  },
  {
    id: "many-consumers-leave-nothing",
    name: "Closed consumers leave nothing behind that takes messages",
    section: "F",
    rows: [120],
    async run(context) {
      const { queue } = await context.queue<number>();
      for (let round = 0; round < 10; round += 1) {
        const received = await context.collect(queue);
        await received.consumer.close();
      }
      const last = await context.collect(queue);
      await Promise.all(Array.from({ length: 10 }, (_, index) => queue.send(index)));
      await last.waitForCount(10);
    },
  },
  {
    id: "pause",
    name: "While a consumer is paused, running handlers finish and none starts; it continues when resumed",
    section: "F",
    rows: [110, 111],
    async run(context) {
      const { queue } = await context.queue<number>();
      const hold = gate();
      let finished = 0;
      const received = await context.collect(queue, {
        prefetch: 5,
        handle: async ({ body }) => {
          if (body === 0) await hold.promise;
          finished += 1;
        },
      });
      await queue.send(0);
      await received.waitForCount(1);
      const pausing = awaitLater(received.consumer.pause());
      hold.open();
      await context.soon("the consumer to pause", pausing);
      await context.until("the running handler to finish", () => finished === 1);
      const witness = (await context.connect()).queue<number>(context.name());
      for (const number of [1, 2, 3]) await queue.send(number);
      const seen = await context.collect(witness);
      await witness.send(0);
      await seen.waitForCount(1);
      equal(received.handled.length, 1);
      await received.consumer.resume();
      await received.waitForCount(4);
      ok(received.handled.every(({ attempt }) => attempt === 1));
    },
  },
  {
    id: "pause-with-full-buffer",
    name: "A consumer that is paused with a full buffer releases it: other consumers get these messages, without counting an attempt",
    section: "F",
    rows: [110, 111],
    async run(context) {
      const { queue } = await context.queue<number>();
      const hold = gate();
      const paused = await context.collect(queue, { prefetch: 8, handle: () => hold.promise });
      await Promise.all(Array.from({ length: 8 }, (_, index) => queue.send(index)));
      await paused.waitForCount(1);
      await context.until("the buffer to fill", () => paused.consumer.stats().waiting === 7);
      const pausing = awaitLater(paused.consumer.pause());
      const other = await context.collect((await context.connect()).queue<number>(queue.name));
      await other.waitForCount(7);
      ok(other.handled.every(({ attempt }) => attempt === 1));
      hold.open();
      await context.soon("the consumer to pause", pausing);
      equal(paused.handled.length, 1);
      await other.consumer.close();
      await paused.consumer.resume();
      await queue.send(99);
      await paused.waitForBody(99);
    },
  },
  {
    id: "close-while-paused",
    name: "A paused consumer closes like any other",

    section: "F",
    rows: [97, 110],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await received.consumer.pause();
      await context.soon("the consumer to close", received.consumer.close());
      await queue.send("body");
      const second = await context.collect(queue);
      await second.waitForBody("body");
      deepEqual(received.bodies, []);
    },
  },
];
