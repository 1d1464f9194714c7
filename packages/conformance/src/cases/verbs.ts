import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { gate } from "../wait.ts";

export const VERBS: readonly Case[] = [
  {
    id: "explicit-ack",
    name: "A handler can ack its message itself; an error that it throws afterwards is reported and changes nothing",
    section: "B",
    rows: [24, 31],
    async run(context) {
      const { queue } = await context.queue();
      const results: boolean[] = [];
      const received = await context.collect(queue, {
        handle: async (message) => {
          results.push(await message.ack());
          if (message.body === "first") throw new Error("after the ack");
        },
      });
      await queue.send("first");
      await received.waitForCount(1);
      await queue.send("marker");
      await received.waitForBody("marker");
      await context.until("both acks to return", () => results.length === 2);
      deepEqual(received.bodies, ["first", "marker"]);
      deepEqual(results, [true, true]);
      ok(received.errors.some((error) => error instanceof Error && error.message === "after the ack"));
    },
  },
  {
    id: "settled-once",
    name: "The first settlement counts; every later one returns false and does nothing",
    section: "B",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue();
      const results: boolean[] = [];
      const received = await context.collect(queue, {
        handle: async (message) => {
          if (message.body !== "twice") return;
          results.push(await message.ack(), await message.ack(), await message.retry(), await message.deadLetter("no"));
        },
      });
      await queue.send("twice");
      await context.until("four results", () => results.length === 4);
      await queue.send("marker");
      await received.waitForBody("marker");
      deepEqual(results, [true, false, false, false]);
      deepEqual(received.bodies, ["twice", "marker"]);
    },
  },
  {
    id: "settle-after-return",
    name: "A settlement after the handler has returned returns false",
    section: "B",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("body");
      await received.waitForCount(1);
      await context.until("the ack to be applied", () => received.consumer.stats().acked === 1);
      equal(await received.handled[0]?.message.retry(), false);
      equal(await received.handled[0]?.message.ack(), false);
    },
  },
  {
    id: "explicit-retry",
    name: "After retry() the message is delivered again with the next attempt, and the return of the handler changes nothing",
    section: "B",
    rows: [21, 24],
    async run(context) {
      const { queue } = await context.queue();
      const results: boolean[] = [];
      const received = await context.collect(queue, {
        handle: async (message) => {
          if (message.attempt === 1) results.push(await message.retry(), await message.ack());
        },
      });
      await queue.send("body");
      await received.waitForCount(2);
      deepEqual(results, [true, false]);
      equal(received.handled[1]?.attempt, 2);
    },
  },
  {
    id: "explicit-dead-letter",
    name: "deadLetter(reason) dead-letters the message at once, with the reason, and it is not delivered again",
    section: "C",
    rows: [25, 45],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, { handle: (message) => message.deadLetter("no such customer") });
      await queue.send("body", { id: "dead-1", headers: { kept: "yes" }, key: "k", type: "t" });
      const [dead] = await context.deadLetters(queue, 1);
      equal(received.handled.length, 1);
      deepEqual(
        [dead?.reason, dead?.id, dead?.headers.kept, dead?.key, dead?.type, dead?.attempts],
        ["no such customer", "dead-1", "yes", "k", "t", 1],
      );
      deepEqual(JSON.parse(Buffer.from(dead?.bytes ?? []).toString()), "body");
    },
  },
  {
    id: "settle-out-of-turn",
    name: "Messages can be settled in any order, and each settlement affects only its own message",
    section: "B",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue<number>();
      const gates = Array.from({ length: 6 }, () => gate());
      const received = await context.collect(queue, {
        concurrency: 6,
        handle: async ({ body, attempt }) => {
          await gates[body]?.promise;
          if (body === 2 && attempt === 1) throw new Error("only this one");
        },
      });
      for (const number of [0, 1, 2, 3, 4, 5]) await queue.send(number);
      await received.waitForCount(6);
      for (const number of [5, 2, 3, 0, 4, 1]) gates[number]?.open();
      await received.waitForCount(7);
      equal(received.handled[6]?.body, 2);
      await received.consumer.close();
      equal(received.consumer.stats().acked, 6);
      await queue.send(9);
      const later = await context.collect(queue);
      await later.waitForBody(9);
      deepEqual(later.bodies, [9]);
    },
  },
  {
    id: "handler-timeout",
    name: "When a handler exceeds its timeout, its signal aborts, TIMEOUT is reported and the message is delivered again",
    section: "B",
    rows: [31, 100],
    async run(context) {
      const { queue } = await context.queue();
      const aborted = gate<unknown>();
      const received = await context.collect(queue, {
        concurrency: 2,
        timeout: 50,
        handle: async ({ attempt, signal }) => {
          if (attempt > 1) return;
          await new Promise((resolve) => signal.addEventListener("abort", resolve, { once: true }));
          aborted.open(signal.reason);
        },
      });
      await queue.send("slow");
      const reason = await context.soon("the signal to abort", aborted.promise);
      equal(codeOf(reason), "TIMEOUT");
      await received.waitForCount(2);
      equal(received.handled[1]?.attempt, 2);
      ok(received.errors.some((error) => codeOf(error) === "TIMEOUT"));
    },
  },
  {
    id: "settle-after-timeout",
    name: "A handler that continues after its timeout cannot settle the message: it has failed already",
    section: "B",
    rows: [39],
    async run(context) {
      const { queue } = await context.queue();
      const lateAck = gate<boolean>();
      const retried = gate();
      const received = await context.collect(queue, {
        concurrency: 2,
        timeout: 50,
        handle: async (message) => {
          if (message.attempt > 1) return retried.open();
          await retried.promise;
          lateAck.open(await message.ack());
        },
      });
      await queue.send("slow");
      await received.waitForCount(2);
      equal(await context.soon("the late ack to return", lateAck.promise), false);
    },
  },
  {
    id: "overdue-handlers-stuck",
    name: "While as many handlers are overdue as may run at once, others get the messages; the consumer goes on when one returns",
    section: "F",
    rows: [100],
    async run(context) {
      const { broker, queue } = await context.queue<string>();
      const late = gate();
      const received = await context.collect(queue, {
        prefetch: 20,
        timeout: 200,
        handle: ({ body, attempt }) => (body === "slow" && attempt === 1 ? late.promise : undefined),
      });
      await queue.send("slow");
      for (let count = 0; count < 12; count += 1) await queue.send("other");
      const isStuck = async (): Promise<boolean> => (await broker.health()).status === "degraded";
      await context.until("health to be degraded", isStuck);
      const { reason, consumers } = await broker.health();
      ok(reason?.includes(queue.name), reason);
      deepEqual(consumers[0]?.source, { queue: queue.name });
      equal(consumers[0]?.state, "stuck");
      const others = await context.collect((await context.connect()).queue<string>(queue.name));
      // A backend with partitions gives it some of them.
      await others.waitForBody("other");
      await others.consumer.close();
      late.open();
      await queue.send("next");
      await received.waitForBody("next");
      await context.until("health to be up", async () => (await broker.health()).status === "up");
      equal((await broker.health()).consumers[0]?.state, "reading");
      equal(received.errors.filter((error) => String(error).includes("until one returns")).length, 1);
    },
  },
  {
    id: "overdue-handlers-ordered",
    name: "On an ordered queue an overdue handler keeps its key, and a stuck consumer its place",
    section: "F",
    needs: ["ordering"],
    rows: [100],
    async run(context) {
      const { broker, queue } = await context.queue<string>({}, { ordered: true });
      const late = gate();
      const received = await context.collect(queue, {
        timeout: 40,
        handle: ({ body, attempt }) => (body === "a1" && attempt === 1 ? late.promise : undefined),
      });
      for (const body of ["a1", "a2", "b1"]) await queue.send(body, { key: body.charAt(0) });
      await context.until("health to be degraded", async () => (await broker.health()).status === "degraded");
      equal(received.handled.length, 1);
      late.open();
      await received.waitForBody("b1");
      await received.waitForBody("a2");
      deepEqual(
        received.bodies.filter((body) => body.startsWith("a")),
        ["a1", "a1", "a2"],
      );
    },
  },
  {
    id: "handler-errors-reported",
    name: "An error that a handler throws is reported to onError, and the consumer continues",
    section: "F",
    rows: [31, 36],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new RangeError("mine");
        },
      });
      await queue.send("body");
      await received.waitForCount(2);
      ok(received.errors.some((error) => error instanceof RangeError && error.message === "mine"));
      await queue.send("next");
      await received.waitForBody("next");
    },
  },
  {
    id: "throwing-on-error",
    name: "An onError that throws does not stop the consumer",

    section: "F",
    rows: [31],
    async run(context) {
      const { queue } = await context.queue();
      const warnings: string[] = [];
      const heard = ({ message }: Error): void => void warnings.push(message);
      process.on("warning", heard);
      const received = await context.collect(queue, {
        onError: () => {
          throw new Error("from onError");
        },
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("from the handler");
        },
      });
      await queue.send("body");
      await received.waitForCount(2);
      const warned = (): boolean => warnings.some((text) => text.includes(queue.name) && text.includes("from onError"));
      await context.until("the process warning", warned).finally(() => process.off("warning", heard));
    },
  },
  {
    id: "failures-logged",
    name: "The logger is told what handlers throw, what is retried, and what is dead-lettered or dropped, even with an onError",
    section: "F",
    rows: [31, 124],
    async run(context) {
      const { queue } = await context.queue();
      const says = (text: string): boolean => context.logged.some((line) => line.includes(text));
      const received = await context.collect(queue, {
        retry: {
          ...context.quickRetry,
          attempts: 2,
          classify: (error) => (String(error).includes("drop me") ? "discard" : "retry"),
        },
        handle: ({ body }) => {
          throw new RangeError(body);
        },
      });
      const { id } = await queue.send("poison");
      await context.until("the log of a dead letter", () => says(`message ${id} was dead-lettered at attempt 2`));
      ok(says(`RangeError: poison (message ${id}, attempt 1)`), context.logged.join("\n"));
      ok(says("failed at attempt 1 of 2"), context.logged.join("\n"));
      equal(context.logged.filter((line) => line.startsWith("error ")).length, 1);
      const dropped = await queue.send("drop me");
      await context.until("the log of a dropped message", () =>
        says(`message ${dropped.id} of queue ${queue.name} was dropped`),
      );
      await received.consumer.pause();
      ok(says(`the consumer of queue ${queue.name} pauses`), context.logged.join("\n"));
      await received.consumer.resume();
      await received.consumer.close();
      ok(says(`the consumer of queue ${queue.name} closes`), context.logged.join("\n"));
    },
  },
  {
    id: "defaults-for-consumers",
    name: "Options for all consumers hold where `consume` has none of its own, and those of `retry` one by one",
    section: "F",
    rows: [31, 119],
    async run(context) {
      const errors: unknown[] = [];
      const consume = {
        retry: { ...context.quickRetry, attempts: 3 },
        onError: (error: unknown) => errors.push(error),
      };
      const { broker, queue } = await context.queue({ consume });
      const attempts: number[] = [];
      const failing = ({ attempt }: { readonly attempt: number }): void => {
        attempts.push(attempt);
        throw new Error("it fails");
      };
      const first = await queue.consume(failing);
      await queue.send("body");
      await context.until("the last attempt", () => first.stats().deadLettered === 1);
      deepEqual([attempts, errors.length], [[1, 2, 3], 3]);
      await first.close();
      const other = broker.queue<string>(context.name("queue"));
      const second = await other.consume(failing, { retry: { attempts: 2 } });
      await other.send("body");
      // The waits are those of the broker object.
      await context.until("the last attempt", () => second.stats().deadLettered === 1);
      deepEqual([attempts.slice(3), errors.length], [[1, 2], 5]);
      const wrong = { consume: { concurrency: 0 } };
      await rejects(context.connect(wrong), { name: "TypeError", message: /concurrency/ });
    },
  },
];
