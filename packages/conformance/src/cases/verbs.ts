import { deepEqual, equal, ok } from "node:assert/strict";
import type { Case } from "../case.ts";
import { codeOf } from "../error-code.ts";
import { gate } from "../wait.ts";

export const VERBS: readonly Case[] = [
  {
    id: "explicit-ack",
    name: "A handler may ack by itself: what it throws afterwards is reported and changes nothing",
    section: "B",
    rows: [24, 31],
    async run(context) {
      const { queue } = await context.queue();
      const took: boolean[] = [];
      const got = await context.collect(queue, {
        handle: async (message) => {
          took.push(await message.ack());
          if (message.body === "first") throw new Error("after the ack");
        },
      });
      await queue.send("first");
      await got.waitForCount(1);
      await queue.send("marker");
      await got.waitForBody("marker");
      await context.until("both acks to answer", () => took.length === 2);
      deepEqual(got.bodies, ["first", "marker"]);
      deepEqual(took, [true, true]);
      ok(got.errors.some((error) => error instanceof Error && error.message === "after the ack"));
    },
  },
  {
    id: "settled-once",
    name: "The first settlement counts: every later one answers false and does nothing",
    section: "B",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue();
      const answers: boolean[] = [];
      const got = await context.collect(queue, {
        handle: async (message) => {
          if (message.body !== "twice") return;
          answers.push(await message.ack(), await message.ack(), await message.retry(), await message.deadLetter("no"));
        },
      });
      await queue.send("twice");
      await context.until("four answers", () => answers.length === 4);
      await queue.send("marker");
      await got.waitForBody("marker");
      deepEqual(answers, [true, false, false, false]);
      deepEqual(got.bodies, ["twice", "marker"]);
    },
  },
  {
    id: "settle-after-return",
    name: "A settlement after the handler has returned answers false",
    section: "B",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue);
      await queue.send("body");
      await got.waitForCount(1);
      await context.until("the ack to take", () => got.consumer.stats().acked === 1);
      equal(await got.handled[0]?.message.retry(), false);
      equal(await got.handled[0]?.message.ack(), false);
    },
  },
  {
    id: "explicit-retry",
    name: "retry() fails the message: it comes again with the next attempt, and the return of the handler changes nothing",
    section: "B",
    rows: [21, 24],
    async run(context) {
      const { queue } = await context.queue();
      const took: boolean[] = [];
      const got = await context.collect(queue, {
        handle: async (message) => {
          if (message.attempt === 1) took.push(await message.retry(), await message.ack());
        },
      });
      await queue.send("body");
      await got.waitForCount(2);
      deepEqual(took, [true, false]);
      equal(got.handled[1]?.attempt, 2);
    },
  },
  {
    id: "explicit-dead-letter",
    name: "deadLetter(reason) gives the message up at once: one handling, then it lies in the dead letters with the reason",
    section: "C",
    rows: [25, 45],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue, { handle: (message) => message.deadLetter("no such customer") });
      await queue.send("body", { id: "dead-1", headers: { kept: "yes" }, key: "k", type: "t" });
      const [dead] = await context.deadLetters(queue, 1);
      equal(got.handled.length, 1);
      deepEqual(
        [dead?.reason, dead?.id, dead?.headers.kept, dead?.key, dead?.type, dead?.attempts],
        ["no such customer", "dead-1", "yes", "k", "t", 1],
      );
      deepEqual(JSON.parse(Buffer.from(dead?.bytes ?? []).toString()), "body");
    },
  },
  {
    id: "settle-out-of-turn",
    name: "Messages may be settled in any order, and each settlement concerns its own message alone",
    section: "B",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue<number>();
      const gates = Array.from({ length: 6 }, () => gate());
      const got = await context.collect(queue, {
        concurrency: 6,
        handle: async ({ body, attempt }) => {
          await gates[body]?.promise;
          if (body === 2 && attempt === 1) throw new Error("only this one");
        },
      });
      for (const number of [0, 1, 2, 3, 4, 5]) await queue.send(number);
      await got.waitForCount(6);
      for (const number of [5, 2, 3, 0, 4, 1]) gates[number]?.open();
      await got.waitForCount(7);
      equal(got.handled[6]?.body, 2);
      await got.consumer.close();
      equal(got.consumer.stats().acked, 6);
      await queue.send(9);
      const later = await context.collect(queue);
      await later.waitForBody(9);
      deepEqual(later.bodies, [9]);
    },
  },
  {
    id: "handler-timeout",
    name: "A handler that exceeds its time fails: its signal aborts, TIMEOUT is reported, the message comes again",
    section: "B",
    rows: [31, 100],
    async run(context) {
      const { queue } = await context.queue();
      const aborted = gate<unknown>();
      const got = await context.collect(queue, {
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
      await got.waitForCount(2);
      equal(got.handled[1]?.attempt, 2);
      ok(got.errors.some((error) => codeOf(error) === "TIMEOUT"));
    },
  },
  {
    id: "settle-after-timeout",
    name: "A handler that comes back after its time can settle no more: the message has been failed",
    section: "B",
    rows: [39],
    async run(context) {
      const { queue } = await context.queue();
      const answer = gate<boolean>();
      const retried = gate();
      const got = await context.collect(queue, {
        concurrency: 2,
        timeout: 50,
        handle: async (message) => {
          if (message.attempt > 1) return retried.open();
          await retried.promise;
          answer.open(await message.ack());
        },
      });
      await queue.send("slow");
      await got.waitForCount(2);
      equal(await context.soon("the late ack to answer", answer.promise), false);
    },
  },
  {
    id: "overdue-handlers-close",
    name: "When as many handlers are overdue as may run, the consumer closes and says TIMEOUT",
    section: "F",
    rows: [100],
    async run(context) {
      const { queue } = await context.queue();
      const never = gate();
      const got = await context.collect(queue, { timeout: 40, drainTimeout: 50, handle: () => never.promise });
      await queue.send("stuck");
      const reason = await context.soon("the consumer to close", got.consumer.closed);
      equal(reason?.code, "TIMEOUT");
      never.open();
      const other = await context.collect((await context.connect()).queue<string>(queue.name));
      await other.waitForCount(1);
      equal(other.handled[0]?.attempt, 2);
    },
  },
  {
    id: "handler-errors-reported",
    name: "What a handler throws is reported to onError, and the consumer goes on",
    section: "F",
    rows: [31, 36],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new RangeError("mine");
        },
      });
      await queue.send("body");
      await got.waitForCount(2);
      ok(got.errors.some((error) => error instanceof RangeError && error.message === "mine"));
      await queue.send("next");
      await got.waitForBody("next");
    },
  },
  {
    id: "throwing-on-error",
    name: "An onError that throws does not stop the consumer",
    section: "F",
    rows: [31],
    async run(context) {
      const { queue } = await context.queue();
      const got = await context.collect(queue, {
        onError: () => {
          throw new Error("from onError");
        },
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("from the handler");
        },
      });
      await queue.send("body");
      await got.waitForCount(2);
    },
  },
];
