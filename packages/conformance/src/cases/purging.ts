import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import {
  deadLetter,
  expectOnly,
  holding,
  LATER,
  lateRetry,
  ofSubscriptions,
  queueWithBacklog,
  waiting,
} from "../backlog.ts";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { gate, toArray } from "../wait.ts";

const missing = { name: "BrokerError", code: "NOT_FOUND" };

export const PURGING: readonly Case[] = [
  {
    id: "purge-queue",
    name: "A purge drops what is ready, delayed or waits for a retry, and keeps dead letters",
    section: "E",
    rows: [134],
    needs: ["purge", "deadLetters.list"],
    async run(context) {
      const { queue } = await queueWithBacklog(context);
      const released = await context.collect(queue, { concurrency: 1, handle: () => gate().promise });
      await released.waitForCount(1);
      await released.consumer.close({ drainTimeout: 0 });
      await (await context.connect({ topology: "none" })).purge({ queues: [queue.name] });
      ok([0, undefined].includes(await waiting(context, queue)), "something waits");
      equal((await toArray(queue.deadLetters.list())).length, 1);
      await expectOnly(context, queue, "after", () => queue.send("after"));
    },
  },
  {
    id: "purge-ordered-queue",
    name: "A purge of an ordered queue drops the messages of every key",
    section: "E",
    rows: [134],
    needs: ["purge", "ordering"],
    async run(context) {
      const { broker, queue } = await queueWithBacklog(context, { ordered: true });
      await broker.purge({ queues: [queue.name] });
      ok([0, undefined].includes(await waiting(context, queue)), "something waits");
      await expectOnly(context, queue, "after", () => queue.send("after", { key: "k" }));
    },
  },
  {
    id: "purge-under-consumer",
    name: "A purge leaves alone what a handler has: its message is retried as if nothing had happened, and nothing else comes",
    section: "E",
    rows: [134],
    needs: ["purge"],
    async run(context) {
      const { broker, queue } = await context.queue<string>();
      const { received, finish } = await holding(context, queue, 1);
      await queue.send("held");
      await received.waitForBody("held");
      for (const body of ["a", "b", "c"]) await queue.send(body);
      if (context.capabilities["delay.send"] !== "none") await queue.send("delayed", { delay: 300 });
      await broker.purge({ queues: [queue.name] });
      finish();
      await context.until("the retry", () => received.handled.some(({ attempt }) => attempt === 2));
      await queue.send("after");
      await received.waitForBody("after");
      deepEqual(received.bodies, ["held", "held", "after"]);
    },
  },
  {
    id: "purge-subscription",
    name: "A purge of one subscription drops what waits in it, and nothing of the others",
    section: "E",
    rows: [134],
    needs: ["purge", "deadLetters.list"],
    async run(context) {
      const { broker, topic } = await context.topic<string>();
      const [purged, other] = [topic.subscription("purged"), topic.subscription("other")];
      await broker.declare({ topics: { [topic.name]: { subscriptions: { purged: {}, other: {} } } } });
      await deadLetter(context, purged, () => topic.publish("first"));
      if (context.capabilities.retryDelay !== "none") {
        await lateRetry(context, purged, () => topic.publish("second"));
      }
      for (let index = 0; index < 5; index += 1) await topic.publish("waits");
      await broker.purge(ofSubscriptions(topic.name, "purged"));
      ok([0, undefined].includes(await waiting(context, purged)), "something waits");
      equal((await toArray(purged.deadLetters.list())).length, 1);
      await expectOnly(context, purged, "after", () => topic.publish("after"));
      const received = await context.collect(other);
      await received.waitForBody("after");
      equal(received.bodies.filter((body) => body === "waits").length, 5);
    },
  },
  {
    id: "purge-topic",
    name: "A purge of a topic drops what waits in all its subscriptions; where the broker cannot list them, it is UNSUPPORTED and nothing is gone",
    section: "E",
    rows: [134],
    needs: ["purge"],
    async run(context) {
      const { broker, topic } = await context.topic<string>();
      const subscriptions = ["one", "two"].map((name) => topic.subscription(name));
      await broker.declare({ topics: { [topic.name]: { subscriptions: { one: {}, two: {} } } } });
      await topic.publish("before");
      const purger = await context.connect();
      const refusal = await purger.purge({ topics: { [topic.name]: {} } }).catch((error: unknown) => error);
      if (refusal !== undefined) equal(codeOf(refusal), "UNSUPPORTED");
      await topic.publish("after");
      for (const subscription of subscriptions) {
        const received = await context.collect(subscription);
        await received.waitForBody("after");
        deepEqual(received.bodies.includes("before"), refusal !== undefined);
      }
    },
  },
  {
    id: "purge-keeps-retained",
    name: "A purge keeps what a topic retains for future subscriptions",
    section: "E",
    rows: [83, 134],
    needs: ["purge", "from"],
    async run(context) {
      const { broker, topic } = await context.topic<string>({}, { retention: LATER });
      await broker.declare({ topics: { [topic.name]: { retention: LATER, subscriptions: { early: {} } } } });
      await topic.publish("retained");
      await broker.purge(ofSubscriptions(topic.name, "early"));
      await broker.purge({ topics: { [topic.name]: {} } });
      const late = await context.collect(topic.subscription("late", { from: "earliest" }));
      await late.waitForBody("retained");
      await expectOnly(context, topic.subscription("early"), "after", () => topic.publish("after"));
    },
  },
  {
    id: "purge-what-is-missing",
    name: "A purge of a missing entity is not an error, and creates nothing",
    section: "E",
    rows: [134],
    needs: ["purge"],
    async run(context) {
      const { broker, topic } = await context.topic<string>();
      await broker.declare({ topics: { [topic.name]: {} } });
      const [queue, absent] = [context.name("queue"), context.name("topic")];
      await broker.purge({ queues: [queue], ...ofSubscriptions(absent, "s") });
      await broker.purge(ofSubscriptions(topic.name, "s"));
      await broker.purge({});
      const verifying = await context.connect({ topology: "verify" });
      await rejects(verifying.declare({ queues: { [queue]: {} } }), missing);
      await rejects(verifying.declare({ topics: { [absent]: {} } }), missing);
      await rejects(verifying.declare({ topics: { [topic.name]: { subscriptions: { s: {} } } } }), missing);
    },
  },
];
