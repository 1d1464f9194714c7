import { deepEqual, equal, notEqual, ok } from "node:assert/strict";
import type { Case } from "../case.ts";
import type { Handled } from "../context.ts";
import { Faults, InjectedError } from "../layers/faults.ts";
import { toArray } from "../wait.ts";

const fail = (): never => {
  throw new Error("always");
};

/** The waits between the deliveries, in ms. */
function gaps(handled: readonly Handled<unknown>[]): readonly number[] {
  return handled.slice(1).map(({ at }, index) => at - (handled[index]?.at ?? 0));
}

export const RETRY: readonly Case[] = [
  {
    id: "backoff-kept",
    name: "The waits between attempts grow as the policy says, and are never shorter",
    section: "C",
    rows: [42],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        retry: { attempts: 4, backoff: { initial: 60, factor: 2, jitter: 0 } },
        handle: fail,
      });
      await queue.send("body");
      await received.waitForCount(4);
      const waits = gaps(received.handled);
      for (const [index, least] of [60, 120, 240].entries()) {
        ok((waits[index] ?? 0) >= least - 1, `waits of ${waits.join(", ")} ms`);
      }
    },
  },
  {
    id: "no-hot-loop",
    name: "A message that always fails is delivered no more often than the backoff allows",
    section: "C",
    rows: [53],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        retry: { attempts: 1_000, backoff: { initial: 150, factor: 1, jitter: 0 } },
        handle: fail,
      });
      await queue.send("poison");
      await received.waitForCount(4);
      ok(Math.min(...gaps(received.handled)) >= 149, `waits of ${gaps(received.handled).join(", ")} ms`);
    },
  },
  {
    id: "jitter-lengthens",
    name: "Jitter only makes a wait longer",
    section: "C",
    rows: [42, 53],
    async run(context) {
      const { queue } = await context.queue<number>();
      const received = await context.collect(queue, {
        concurrency: 10,
        retry: { attempts: 2, backoff: { initial: 300, factor: 1, jitter: 1 } },
        handle: fail,
      });
      await Promise.all(Array.from({ length: 10 }, (_, index) => queue.send(index)));
      await received.waitForCount(20);
      for (const number of Array.from({ length: 10 }, (_, index) => index)) {
        const [wait = 0] = gaps(received.handled.filter(({ body }) => body === number));
        ok(wait >= 299, `message ${number} was delivered again after ${wait} ms`);
      }
    },
  },
  {
    id: "attempts-used-up",
    name: "After the last attempt the message is in the dead letters exactly once, and is not delivered again",
    section: "C",
    rows: [43, 44],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        retry: { attempts: 3, backoff: { initial: 10, factor: 1, jitter: 0 } },
        handle: ({ body }) => {
          if (body === "poison") throw new Error("always");
        },
      });
      await queue.send("poison", { id: "poison-1" });
      const dead = await context.deadLetters(queue, 1);
      await queue.send("marker");
      await received.waitForBody("marker");
      deepEqual(
        received.handled.map(({ attempt }) => attempt),
        [1, 2, 3, 1],
      );
      deepEqual(
        dead.map(({ id, attempts }) => [id, attempts]),
        [["poison-1", 3]],
      );
    },
  },
  {
    id: "one-attempt",
    name: "With one attempt, the first failure is the last",
    section: "C",
    rows: [43],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, { retry: { attempts: 1 }, handle: fail });
      await queue.send("poison");
      const dead = await context.deadLetters(queue, 1);
      equal(received.handled.length, 1);
      equal(dead[0]?.attempts, 1);
    },
  },
  {
    id: "classified-as-dead",
    name: "An error that `classify` maps to dead-letter is never retried: the message is dead-lettered at the first attempt",
    section: "C",
    rows: [43],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        retry: {
          ...context.quickRetry,
          classify: (error) => (error instanceof RangeError ? "dead-letter" : "retry"),
        },
        handle: ({ body, attempt }) => {
          if (body === "hopeless") throw new RangeError("never");
          if (attempt === 1) throw new Error("later");
        },
      });
      await queue.send("hopeless");
      await queue.send("hopeful");
      const dead = await context.deadLetters(queue, 1);
      await context.until("the other message to be retried", () =>
        received.handled.some(({ body, attempt }) => body === "hopeful" && attempt === 2),
      );
      equal(received.bodies.filter((body) => body === "hopeless").length, 1);
      equal(dead.length, 1);
      equal(dead[0]?.attempts, 1);
    },
  },
  {
    id: "classified-as-discard",
    name: "An error that `classify` maps to discard drops the message: it is counted, and neither retried nor dead-lettered",
    section: "C",
    rows: [43],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, classify: () => "discard" },
        handle: ({ body }) => {
          if (body === "stale") throw new Error("no longer wanted");
        },
      });
      await queue.send("stale");
      await context.until("the discard to be counted", () => received.consumer.stats().discarded === 1);
      await queue.send("marker");
      await received.waitForBody("marker");
      deepEqual(received.bodies, ["stale", "marker"]);
      deepEqual(await toArray(queue.deadLetters.list()), []);
    },
  },
  {
    id: "retry-delay",
    name: "A message with retry({ delay }) is not delivered again before the delay is over, whatever the policy says",
    section: "C",
    rows: [42],
    needs: ["retryDelay"],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue, {
        handle: async (message) => {
          if (message.attempt === 1) await message.retry({ delay: 400 });
        },
      });
      await queue.send("body");
      await received.waitForCount(2);
      ok((gaps(received.handled)[0] ?? 0) >= 399, `was delivered again after ${gaps(received.handled)[0]} ms`);
    },
  },
  {
    id: "retried-copy-is-the-same",
    name: "A message that is retried keeps its id, body, headers, key and every other property",

    section: "B",
    rows: [37],
    async run(context) {
      const { queue } = await context.queue<unknown>();
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt < 3) throw new Error("again");
        },
      });
      const options = { id: "same", key: "k", type: "t", correlationId: "c", replyTo: "r", headers: { a: "ü", b: "" } };
      await queue.send({ deep: ["ü", 1] }, options);
      await received.waitForCount(3);
      const seen = received.handled.map(({ message }) => {
        const { id, key, type, correlationId, replyTo, headers, contentType, sentAt, bytes } = message;
        return {
          id,
          key,
          type,
          correlationId,
          replyTo,
          headers: { ...headers },
          contentType,
          sentAt,
          bytes: [...bytes],
        };
      });
      deepEqual(seen[1], seen[0]);
      deepEqual(seen[2], seen[0]);
      notEqual(seen[0]?.sentAt, undefined);
      deepEqual(
        { ...seen[0], contentType: 0, sentAt: 0, bytes: 0 },
        { ...options, contentType: 0, sentAt: 0, bytes: 0 },
      );
    },
  },
  {
    id: "retry-in-place-without-return-queue",
    name: "Where there is no return queue, the message stays with its consumer, which runs the handler again itself",
    section: "C",
    rows: [42],
    needs: ["deadLetters.list"],
    async run(context) {
      const faults = new Faults();
      faults.noReturnQueue = true;
      const { queue } = await context.queue({ faults });
      const received = await context.collect(queue, {
        retry: { attempts: 3, backoff: { initial: 60, factor: 1, jitter: 0 } },
        handle: fail,
      });
      await queue.send("poison");
      const [dead] = await context.deadLetters(queue, 1);
      deepEqual(
        received.handled.map(({ attempt }) => attempt),
        [1, 2, 3],
      );
      ok(Math.min(...gaps(received.handled)) >= 59, `waits of ${gaps(received.handled).join(", ")} ms`);
      equal(dead?.attempts, 3);
      ok(
        !faults.settlements.some(({ action }) => action === "retry" || action === "release"),
        "the message was retried or released",
      );
    },
  },
  {
    id: "retry-in-place-lets-others-pass",
    name: "A message that waits in its consumer for the next attempt does not block the others",
    section: "C",
    rows: [41],
    async run(context) {
      const faults = new Faults();
      faults.noReturnQueue = true;
      const { queue } = await context.queue({ faults });
      const received = await context.collect(queue, {
        retry: { attempts: 9, backoff: { initial: 60_000, max: 60_000, jitter: 0 } },
        handle: ({ body }) => {
          if (body === "bad") throw new Error("no");
        },
      });
      await queue.send("bad");
      await received.waitForBody("bad");
      for (const body of ["a", "b", "c"]) await queue.send(body);
      await Promise.all(["a", "b", "c"].map((body) => received.waitForBody(body)));
      equal(received.handled.length, 4);
    },
  },
  {
    id: "retry-copy-refused",
    name: "When the copy for a retry is refused, the original is kept and retried",
    section: "C",
    rows: [51],
    async run(context) {
      const faults = new Faults();
      faults.settle = ({ action }) => (action === "retry" ? new InjectedError("REJECTED", false) : undefined);
      const { queue } = await context.queue({ faults });
      const received = await context.collect(queue, {
        handle: ({ attempt }) => {
          if (attempt === 1) throw new Error("once");
        },
      });
      await queue.send("body");
      await received.waitForCount(2);
      equal(received.handled[1]?.attempt, 2);
    },
  },
];
