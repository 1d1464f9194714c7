import { deepEqual, equal, notEqual, ok, rejects } from "node:assert/strict";
import type { DeadLetter, Declared, Queue } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";
import { codeOf } from "../error-code.ts";
import { Faults, InjectedError } from "../layers/faults.ts";
import { toArray } from "../wait.ts";

/** A queue with this many dead letters, `dead-0` first, and without a consumer. */
async function queueWithDeadLetters(context: CaseContext, times: number): Promise<Queue<Declared, string, string>> {
  const { queue } = await context.queue();
  const deadLettering = await context.collect(queue, {
    handle: (message) => message.deadLetter(`reason of ${message.body}`),
  });
  for (let index = 0; index < times; index += 1) {
    await queue.send(`dead-${index}`, { id: `id-${index}`, headers: { number: String(index) } });
    await context.until(
      "the message to be dead-lettered",
      () => deadLettering.consumer.stats().deadLettered === index + 1,
    );
  }
  await deadLettering.consumer.close();
  return queue;
}

const list = (queue: Queue, options = {}): Promise<readonly DeadLetter[]> => toArray(queue.deadLetters.list(options));

const ids = (letters: readonly DeadLetter[]): readonly (string | undefined)[] => letters.map(({ id }) => id);

export const DEAD_LETTERS: readonly Case[] = [
  {
    id: "dead-letter-intact",
    name: "A dead letter keeps body, id, headers and properties, and has the reason, the error, the number of attempts, the source and the time",
    section: "C",
    rows: [44, 46],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue<unknown>();
      const before = Date.now();
      await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          throw new RangeError("out of stock");
        },
      });
      const options = { id: "i", key: "k", type: "t", correlationId: "c", replyTo: "r", headers: { a: "1", b: "ü" } };
      await queue.send({ order: 7 }, options);
      const [letter] = await context.deadLetters(queue, 1);
      const { id, key, type, correlationId, replyTo, headers } = letter ?? {};
      deepEqual({ id, key, type, correlationId, replyTo, headers: { ...headers } }, options);
      equal(Buffer.from(letter?.bytes ?? []).toString(), '{"order":7}');
      equal(letter?.contentType, "application/json");
      equal(letter?.attempts, 2);
      ok((letter?.reason ?? "").length > 0, "there is no reason");
      ok(letter?.error?.includes("out of stock"), `the error is ${letter?.error}`);
      ok(letter?.source?.includes(queue.name), `the source is ${letter?.source}`);
      const at = letter?.at?.getTime() ?? 0;
      ok(at >= before - 1_000 && at <= Date.now() + 1_000, `the time is ${letter?.at?.toISOString()}`);
    },
  },
  {
    id: "anything-thrown",
    name: "A message is dead-lettered after any thrown value, even one that is not an Error or cannot be read",
    section: "C",
    rows: [44, 46],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue<number>();
      const unreadable = new (class extends Error {
        override get message(): string {
          throw new Error("not readable");
        }
      })();
      const thrown = [undefined, null, "text", 7n, Symbol("symbol"), Object.create(null), unreadable];
      const { consumer } = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: ({ body, attempt }) => {
          // Thrown at the first attempt, a rejection at the second.
          if (attempt === 2) return Promise.reject(thrown[body]);
          throw thrown[body];
        },
      });
      for (const index of thrown.keys()) await queue.send(index);
      await context.until("all dead letters", () => consumer.stats().deadLettered === thrown.length);
      const letters = await context.deadLetters(queue, thrown.length);
      deepEqual(new Set(letters.map(({ bytes }) => Number(Buffer.from(bytes).toString()))), new Set(thrown.keys()));
      deepEqual(new Set(letters.map(({ attempts }) => attempts)), new Set([2]));
    },
  },
  {
    id: "dead-letter-error-bounded",
    name: "A dead letter has at most 512 bytes of a long error, cut between characters",
    section: "C",
    rows: [46],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      await context.collect(queue, {
        retry: { attempts: 1 },
        handle: () => {
          throw new Error("é".repeat(5_000));
        },
      });
      await queue.send("body");
      const [letter] = await context.deadLetters(queue, 1);
      const size = Buffer.byteLength(letter?.error ?? "");
      ok(size > 100 && size <= 512, `${size} bytes`);
      ok(letter?.error?.isWellFormed() && !letter.error.includes("\uFFFD"), "cut inside a character");
    },
  },
  {
    id: "dead-letter-without-secrets",
    name: "A password in an error does not appear in the dead letter",
    section: "C",
    rows: [46],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      await context.collect(queue, {
        retry: { attempts: 1 },
        handle: () => {
          throw new Error("cannot reach db://admin:tops3cret@host/orders");
        },
      });
      await queue.send("body");
      const [letter] = await context.deadLetters(queue, 1);
      ok(
        !JSON.stringify([letter?.error, letter?.reason, letter?.headers]).includes("tops3cret"),
        "the password is in the dead letter",
      );
    },
  },
  {
    id: "dead-letters-empty",
    name: "A queue without dead letters returns an empty list and a count of zero",
    section: "C",
    rows: [48],
    needs: ["deadLetters.list", "deadLetters.count"],
    async run(context) {
      const { queue } = await context.queue();
      await queue.send("alive");
      deepEqual(await list(queue), []);
      equal(await queue.deadLetters.count(), 0);
      equal(await queue.deadLetters.replay({ all: true }), 0);
      equal(await queue.deadLetters.remove({ all: true }), 0);
    },
  },
  {
    id: "dead-letters-listed",
    name: "Dead letters are listed oldest first, and listing them changes nothing",
    section: "C",
    rows: [48, 49],
    needs: ["deadLetters.list"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 3);
      const first = await context.deadLetters(queue, 3);
      deepEqual(ids(first), ["id-0", "id-1", "id-2"]);
      for (let look = 0; look < 5; look += 1) {
        const again = await list(queue);
        deepEqual(
          again.map(({ deadLetterId, id }) => [deadLetterId, id]),
          first.map(({ deadLetterId, id }) => [deadLetterId, id]),
        );
      }
    },
  },
  {
    id: "dead-letters-paged",
    name: "Dead letters are listed in pages, with a limit and a start after a given dead letter",
    section: "C",
    rows: [48, 49],
    needs: ["deadLetters.list"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 5);
      await context.deadLetters(queue, 5);
      const first = await list(queue, { limit: 2 });
      deepEqual(ids(first), ["id-0", "id-1"]);
      const second = await list(queue, { limit: 2, after: first[1]?.deadLetterId });
      deepEqual(ids(second), ["id-2", "id-3"]);
      const last = await list(queue, { limit: 2, after: second[1]?.deadLetterId });
      deepEqual(ids(last), ["id-4"]);
    },
  },
  {
    id: "dead-letters-counted",
    name: "Dead letters can be counted",
    section: "C",
    rows: [48],
    needs: ["deadLetters.count"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 3);
      await context.until("a count of three", async () => (await queue.deadLetters.count()) === 3);
    },
  },
  {
    id: "replay-one",
    name: "One dead letter is replayed by its id, unchanged and as a first attempt; the others stay",
    section: "C",
    rows: [48, 52],
    needs: ["deadLetters.list", "deadLetters.select"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 3);
      const letters = await context.deadLetters(queue, 3);
      const id = letters[1]?.deadLetterId ?? "";
      equal(await queue.deadLetters.replay({ ids: [id] }), 1);
      const received = await context.collect(queue);
      await received.waitForCount(1);
      const [handled] = received.handled;
      deepEqual([handled?.id, handled?.body, handled?.attempt], ["id-1", "dead-1", 1]);
      deepEqual({ ...handled?.message.headers }, { number: "1" });
      deepEqual(ids(await list(queue)), ["id-0", "id-2"]);
      await received.consumer.close();
      equal(received.handled.length, 1);
    },
  },
  {
    id: "replay-all",
    name: "All dead letters are replayed, each once, and none stays behind",
    section: "C",
    rows: [48, 52],
    needs: ["deadLetters.list"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 4);
      await context.deadLetters(queue, 4);
      equal(await queue.deadLetters.replay({ all: true }), 4);
      const received = await context.collect(queue);
      await received.waitForCount(4);
      deepEqual(new Set(received.bodies), new Set(["dead-0", "dead-1", "dead-2", "dead-3"]));
      ok(received.handled.every(({ attempt, message }) => attempt === 1 && Object.keys(message.headers).length === 1));
      deepEqual(await list(queue), []);
      await queue.send("marker");
      await received.waitForBody("marker");
      equal(received.handled.length, 5);
    },
  },
  {
    id: "replay-fails-again",
    name: "A replayed message that fails again has all its attempts, and is then dead-lettered again",
    section: "C",
    rows: [48],
    needs: ["deadLetters.list"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 1);
      await context.deadLetters(queue, 1);
      await queue.deadLetters.replay({ all: true });
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          throw new Error("second life");
        },
      });
      await received.waitForCount(2);
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual([letter?.id, letter?.attempts], ["id-0", 2]);
      ok(letter?.error?.includes("second life"));
      notEqual(letter?.reason, "reason of dead-0");
    },
  },
  {
    id: "remove-one",
    name: "One dead letter is removed by its id; the others stay",
    section: "C",
    rows: [48],
    needs: ["deadLetters.list", "deadLetters.select"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 3);
      const letters = await context.deadLetters(queue, 3);
      equal(await queue.deadLetters.remove({ ids: [letters[0]?.deadLetterId ?? ""] }), 1);
      deepEqual(ids(await list(queue)), ["id-1", "id-2"]);
    },
  },
  {
    id: "remove-all",
    name: "All dead letters are removed, and the queue keeps its messages",
    section: "C",
    rows: [48],
    needs: ["deadLetters.list"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 3);
      await context.deadLetters(queue, 3);
      await queue.send("alive");
      equal(await queue.deadLetters.remove({ all: true }), 3);
      deepEqual(await list(queue), []);
      const received = await context.collect(queue);
      await received.waitForBody("alive");
      deepEqual(received.bodies, ["alive"]);
    },
  },
  {
    id: "unknown-dead-letter",
    name: "Replaying or removing a dead letter that no longer exists affects none",
    section: "C",
    rows: [48],
    needs: ["deadLetters.list", "deadLetters.select"],
    async run(context) {
      const queue = await queueWithDeadLetters(context, 2);
      const [first] = await context.deadLetters(queue, 2);
      const removed = { ids: [first?.deadLetterId ?? ""] };
      equal(await queue.deadLetters.remove(removed), 1);
      equal(await queue.deadLetters.remove(removed), 0);
      equal(await queue.deadLetters.replay(removed), 0);
      deepEqual(ids(await list(queue)), ["id-1"]);
    },
  },
  {
    id: "dead-letter-copy-refused",
    name: "While a dead letter cannot be written, the original is not settled and each failure is reported; then the dead letter is written",
    section: "C",
    rows: [51],
    needs: ["deadLetters.list"],
    async run(context) {
      const faults = new Faults();
      const refused = new InjectedError("REJECTED", false);
      faults.settle = ({ action }) => (action === "deadLetter" || action === "reject" ? refused : undefined);
      const { queue } = await context.queue({ faults });
      const received = await context.collect(queue, {
        retry: { attempts: 1, backoff: { initial: 50, max: 50, jitter: 0 } },
        handle: () => {
          throw new Error("poison");
        },
      });
      await queue.send("body", { id: "kept" });
      await context.until("the refusals to be reported", () => countRejected(received.errors) >= 4);
      deepEqual(await list(queue), []);
      equal(faults.settlements.filter(({ action }) => action === "ack").length, 0);
      faults.settle = undefined;
      const [letter] = await context.deadLetters(queue, 1);
      equal(letter?.id, "kept");
    },
  },
  {
    id: "dead-letter-copy-too-large",
    name: "A dead letter that is too large with its error is written with reason and attempts only",
    section: "C",
    rows: [51],
    needs: ["deadLetters.list"],
    async run(context) {
      const faults = new Faults();
      faults.settle = (settlement) =>
        settlement.action === "deadLetter" && settlement.headers["anybroker-dead-error"] !== undefined
          ? new InjectedError("TOO_LARGE", false)
          : undefined;
      const { queue } = await context.queue({ faults });
      await context.collect(queue, {
        retry: { attempts: 1 },
        handle: () => {
          throw new Error("poison");
        },
      });
      await queue.send("body", { id: "large", headers: { mine: "kept" } });
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual([letter?.id, letter?.headers.mine, letter?.attempts, letter?.error], ["large", "kept", 1, undefined]);
      ok((letter?.reason ?? "").length > 0, "there is no reason");
    },
  },
  {
    id: "replay-rate",
    name: "A replay with a rate takes its time, and replays each message once",
    section: "C",
    rows: [46],
    needs: ["deadLetters.list", "deadLetters.select"],
    async run(context) {
      const { queue } = await context.queue();
      const failing = await context.collect(queue, { handle: (message) => message.deadLetter("not yet") });
      const count = 6;
      for (let number = 0; number < count; number += 1) await queue.send(`${number}`);
      await context.until("the dead letters", () => failing.consumer.stats().deadLettered === count);
      await failing.consumer.close();
      const received = await context.collect(queue);
      const since = performance.now();
      equal(await queue.deadLetters.replay({ all: true }, { rate: 10 }), count);
      // One in each tenth of a second. Timers may be a millisecond early.
      ok(performance.now() - since >= (count - 1) * 99, "the replay went too fast");
      await received.waitForCount(count);
      deepEqual(new Set(received.bodies), new Set(["0", "1", "2", "3", "4", "5"]));
      equal(received.handled.length, count);
      await rejects(queue.deadLetters.replay({ all: true }, { rate: 0 }), { name: "TypeError", message: /rate/ });
    },
  },
];

function countRejected(errors: readonly unknown[]): number {
  return errors.filter((error) => codeOf(error) === "REJECTED").length;
}
