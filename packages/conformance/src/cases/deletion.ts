import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Removal } from "@anybroker/core";
import { deadLetter, expectOnly, holding, LATER, ofSubscriptions, queueWithBacklog, waiting } from "../backlog.ts";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { Faults } from "../layers/faults.ts";
import { awaitLater, toArray } from "../wait.ts";

const missing = { name: "BrokerError", code: "NOT_FOUND" };

/** A value that only a user without type checks can pass. */
// The cast is deliberate: these values are wrong, and must be refused at run time.
const wrong = <T>(value: unknown): T => value as T;

export const DELETION: readonly Case[] = [
  {
    id: "delete-queue",
    name: "A deleted queue is gone with its messages, its delayed messages and its dead letters, and a later send begins with an empty one",
    section: "E",
    rows: [133],
    needs: ["delete", "deadLetters.list"],
    async run(context) {
      const { broker, queue } = await queueWithBacklog(context);
      await broker.delete({ queues: [queue.name] });
      const verifying = await context.connect({ topology: "verify" });
      await rejects(verifying.declare({ queues: { [queue.name]: {} } }), missing);
      await rejects(toArray(queue.deadLetters.list()), missing);
      await expectOnly(context, (await context.connect()).queue(queue.name), "new", () => queue.send("new"));
      deepEqual(await toArray(queue.deadLetters.list()), []);
      ok([0, undefined].includes(await waiting(context, queue)), "something waits in the new queue");
    },
  },
  {
    id: "delete-ordered-queue",
    name: "A deleted ordered queue leaves nothing of its order: it can be created again without",
    section: "E",
    rows: [133],
    needs: ["delete", "ordering", "deadLetters.list"],
    async run(context) {
      const { broker, queue } = await queueWithBacklog(context, { ordered: true });
      await broker.delete({ queues: [queue.name] });
      await rejects((await context.connect({ topology: "verify" })).queue(queue.name).send("body"), missing);
      const other = await context.connect();
      await expectOnly(context, other.queue(queue.name), "new", () => other.queue(queue.name).send("new"));
      await (await context.connect({ topology: "verify" })).declare({ queues: { [queue.name]: { ordered: false } } });
      deepEqual(await toArray(queue.deadLetters.list()), []);
    },
  },
  {
    id: "delete-subscription",
    name: "A deleted subscription is gone with what waits in it and its dead letters, and the others keep theirs",
    section: "E",
    rows: [133],
    needs: ["delete", "deadLetters.list"],
    async run(context) {
      const { broker, topic } = await context.topic<string>();
      const [gone, kept] = [topic.subscription("gone"), topic.subscription("kept")];
      await broker.declare({ topics: { [topic.name]: { subscriptions: { gone: {}, kept: {} } } } });
      await deadLetter(context, kept, () => deadLetter(context, gone, () => topic.publish("dead")));
      await topic.publish("before");
      await broker.delete(ofSubscriptions(topic.name, "gone"));
      const verifying = (await context.connect({ topology: "verify" })).topic<string>(topic.name);
      await rejects(
        verifying.subscription("gone").consume(() => {}),
        missing,
      );
      const others = await context.collect(verifying.subscription("kept"));
      await others.waitForBody("before");
      equal((await toArray(kept.deadLetters.list())).length, 1);
      const again = await context.collect((await context.connect()).topic<string>(topic.name).subscription("gone"));
      await topic.publish("after");
      await again.waitForBody("after");
      deepEqual(again.bodies, ["after"]);
      deepEqual(await toArray(gone.deadLetters.list()), []);
    },
  },
  {
    id: "delete-topic",
    name: "A topic is deleted after its subscriptions, and both begin anew when they are used again",
    section: "E",
    rows: [133],
    needs: ["delete", "deadLetters.list"],
    async run(context) {
      const { broker, topic } = await context.topic<string>();
      const all = topic.subscription("all");
      await broker.declare({ topics: { [topic.name]: { subscriptions: { all: {}, other: {} } } } });
      await deadLetter(context, all, () => topic.publish("dead"));
      await topic.publish("waits");
      await broker.delete(ofSubscriptions(topic.name, "all", "other"));
      await broker.delete({ topics: { [topic.name]: {} } });
      const verifying = await context.connect({ topology: "verify" });
      await rejects(verifying.declare({ topics: { [topic.name]: {} } }), missing);
      await expectOnly(context, all, "new", () => topic.publish("new"));
      deepEqual(await toArray(all.deadLetters.list()), []);
    },
  },
  {
    id: "delete-topic-with-subscriptions",
    name: "A deleted topic takes its subscriptions with it; where the broker cannot list them, the call is refused and nothing is gone",
    section: "E",
    rows: [133],
    needs: ["delete"],
    async run(context) {
      const { broker, topic } = await context.topic<string>();
      await broker.declare({ topics: { [topic.name]: { subscriptions: { all: {}, other: {} } } } });
      await topic.publish("before");
      const deleter = await context.connect();
      const refusal = await deleter.delete({ topics: { [topic.name]: {} } }).catch((error: unknown) => error);
      if (refusal !== undefined) equal(codeOf(refusal), "REJECTED");
      await topic.publish("after");
      const received = await context.collect((await context.connect()).topic<string>(topic.name).subscription("all"));
      await topic.publish("last");
      await received.waitForBody("last");
      if (refusal === undefined) deepEqual(received.bodies, ["last"]);
      else deepEqual(received.bodies.toSorted(), ["after", "before", "last"]);
    },
  },
  {
    id: "delete-what-is-missing",
    name: "Deleting an entity twice, or one that never existed, is not an error, and creates nothing",
    section: "E",
    rows: [133],
    needs: ["delete"],
    async run(context) {
      const [queue, fresh, topic] = [context.name("queue"), context.name("queue"), context.name("topic")];
      const broker = await context.connect();
      await broker.declare({
        queues: { [queue]: {} },
        topics: { [topic]: { subscriptions: { all: {} } } },
      });
      for (const topology of ["create", "verify", "none"] as const) {
        const deleter = await context.connect({ topology });
        await deleter.delete({ queues: [queue, fresh, queue] });
        await deleter.delete(ofSubscriptions(topic, "all", "nobody"));
        await deleter.delete({ queues: [queue], topics: { [topic]: {} } });
        await deleter.delete(ofSubscriptions(topic, "all"));
        await deleter.delete({});
      }
      const verifying = await context.connect({ topology: "verify" });
      for (const name of [queue, fresh]) await rejects(verifying.declare({ queues: { [name]: {} } }), missing);
      await rejects(verifying.declare({ topics: { [topic]: {} } }), missing);
    },
  },
  {
    id: "delete-under-consumer",
    name: "A consumer whose queue is deleted loses what it holds, and goes on with what is sent later, from the first message on",
    section: "F",
    rows: [106, 133],
    needs: ["delete"],
    effort: 1.5,
    async run(context) {
      const { broker, queue } = await context.queue<string>();
      // A consumer that reads nothing, because it has all it may hold, may notice only when its lease is to be renewed.
      const { received, finish } = await holding(context, queue, 2);
      await queue.send("held");
      await received.waitForBody("held");
      const { signal } = received.handled[0]?.message ?? {};
      await broker.delete({ queues: [queue.name] });
      await context.until("the signal of the message to abort", () => signal?.aborted === true);
      finish();
      const other = (await context.connect()).queue<string>(queue.name);
      await other.send("after");
      await received.waitForBody("after");
      equal(received.bodies.filter((body) => body === "held").length, 1);
    },
  },
  {
    id: "delete-forgets-failures",
    name: "After a queue was deleted under a waiting retry, the first message of the new queue is handled at once, as a first attempt",
    section: "F",
    rows: [106, 133],
    needs: ["delete"],
    effort: 1.5,
    async run(context) {
      const faults = new Faults();
      // So the consumer keeps the message until its next attempt.
      faults.noReturnQueue = true;
      const { broker, queue } = await context.queue<string>({ faults });
      const received = await context.collect(queue, {
        retry: { attempts: 5, backoff: { initial: LATER, max: LATER } },
        handle: ({ body }) => {
          if (body === "fails") throw new Error("it fails");
        },
      });
      await queue.send("fails", { key: "k" });
      await received.waitForBody("fails");
      await broker.delete({ queues: [queue.name] });
      await (await context.connect()).queue<string>(queue.name).send("after", { key: "k" });
      await received.waitForBody("after");
      deepEqual(
        received.handled.map(({ body, attempt }) => [body, attempt]),
        [
          ["fails", 1],
          ["after", 1],
        ],
      );
    },
  },
  {
    id: "delete-under-subscription",
    name: "A consumer whose subscription is deleted goes on with what is published later, and gets nothing of before",
    section: "F",
    rows: [106, 133],
    needs: ["delete"],
    effort: 1.5,
    async run(context) {
      const { topic } = await context.topic<string>();
      const received = await context.collect(topic.subscription("all"));
      await topic.publish("before");
      await received.waitForBody("before");
      await (await context.connect()).delete(ofSubscriptions(topic.name, "all"));
      let published = 0;
      await context.until("the consumer to continue", async () => {
        published += 1;
        await topic.publish(`after ${published}`);
        return received.bodies.some((body) => body.startsWith("after"));
      });
      equal(received.bodies.filter((body) => body === "before").length, 1);
    },
  },
  {
    id: "delete-stays-deleted",
    name: "A subscription that is deleted under a consumer which may create nothing stays deleted",
    section: "F",
    rows: [88, 106, 133],
    needs: ["delete"],
    async run(context) {
      const { broker, topic } = await context.topic<string>();
      await broker.declare({ topics: { [topic.name]: { subscriptions: { all: {} } } } });
      const received = await context.collect(
        (await context.connect({ topology: "none" })).topic<string>(topic.name).subscription("all"),
      );
      await topic.publish("before");
      await received.waitForBody("before");
      await broker.delete(ofSubscriptions(topic.name, "all"));
      const verifying = await context.connect({ topology: "verify" });
      const subscriptions = { [topic.name]: { subscriptions: { all: {} } } };
      await rejects(verifying.declare({ topics: subscriptions }), missing);
      await topic.publish("after");
      await received.consumer.close();
      await rejects(verifying.declare({ topics: subscriptions }), missing);
      deepEqual(received.bodies, ["before"]);
    },
  },
  {
    id: "restricted-account-cannot-delete",
    name: "An account without the right to delete gets FORBIDDEN with the name and the right, and the queue stays",
    section: "E",
    rows: [118, 133],
    needs: ["delete", "restricted"],
    async run(context) {
      const { queue } = await context.queue<string>();
      const { topic } = await context.topic<string>();
      await queue.send("kept");
      await context.collect(topic.subscription("all"));
      const broker = await context.connect({ topology: "none", restricted: true });
      for (const [what, name] of [
        [{ queues: [queue.name] }, queue.name],
        [ofSubscriptions(topic.name, "all"), topic.name],
      ] as const) {
        await rejects(broker.delete(what), (error: Error) => {
          equal(codeOf(error), "FORBIDDEN");
          ok(error.message.includes(name), error.message);
          ok(/\b(right|permission|access)/i.test(error.message), error.message);
          return true;
        });
      }
      await (await context.collect(queue)).waitForBody("kept");
    },
  },
  {
    id: "removal-checked",
    name: "Names and shapes of what is to be deleted or purged are checked before any I/O, and an aborted call does nothing",
    section: "F",
    rows: [86, 102, 119, 133, 134],
    needs: ["delete", "purge"],
    async run(context) {
      const { broker: creator, queue } = await context.queue<string>();
      await queue.send("kept");
      await creator.declare({ queues: { [queue.name]: {} } });
      const faults = new Faults();
      const broker = await context.connect({ faults });
      const name = context.name();
      const illegal: readonly unknown[] = [
        { queues: name },
        { queues: { [name]: {} } },
        { queues: [7] },
        { queues: ["a b"] },
        { queues: ["a.dlq"] },
        { topics: [name] },
        { topics: { [name]: [] } },
        { topics: { [name]: null } },
        { topics: { "1st": {} } },
        { topics: { [name]: { subscriptions: name } } },
        { topics: { [name]: { subscriptions: { s: {} } } } },
        { topics: { [name]: { subscriptions: ["a.b"] } } },
        null,
        "all",
      ];
      for (const what of illegal) {
        await rejects(broker.delete(wrong<Removal>(what)), TypeError, JSON.stringify(what));
        await rejects(broker.purge(wrong<Removal>(what)), TypeError, JSON.stringify(what));
      }
      await rejects(broker.delete({}, wrong({ signal: "no" })), TypeError);
      const aborted = { signal: AbortSignal.abort() };
      await rejects(broker.delete({ queues: [queue.name] }, aborted), { code: "CANCELLED" });
      await rejects(broker.purge({ queues: [queue.name] }, aborted), { code: "CANCELLED" });
      deepEqual(faults.calls, []);
      await broker.close();
      await rejects(broker.delete({ queues: [queue.name] }), { code: "CLOSED" });
      await (await context.collect(queue)).waitForBody("kept");
    },
  },
  {
    id: "removal-retried",
    name: "Deleting outlasts a broken connection, and is tried again",
    section: "F",
    rows: [105, 113, 133],
    needs: ["delete"],
    async run(context) {
      const { broker, queue } = await context.queue<string>();
      await queue.send("body");
      const cutting = context.cut(broker);
      const deleting = awaitLater(broker.delete({ queues: [queue.name] }));
      await cutting;
      await context.soon("the deletion", deleting);
      await rejects((await context.connect({ topology: "verify" })).queue(queue.name).send("body"), missing);
    },
  },
];
