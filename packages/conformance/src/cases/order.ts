import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { Declared, Queue } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext, Handled, Received } from "../context.ts";
import { Faults, InjectedError } from "../layers/faults.ts";
import { awaitLater, gate, sleep } from "../wait.ts";

interface Step {
  readonly key: string;
  readonly number: number;
}

async function orderedQueue(context: CaseContext, faults?: Faults): Promise<Queue<Declared, Step, Step>> {
  const { queue } = await context.queue<Step>({ faults }, { ordered: true });
  return queue;
}

function steps(keys: number, each: number): readonly Step[] {
  return Array.from({ length: keys * each }, (_, index) => ({
    key: `key-${index % keys}`,
    number: Math.floor(index / keys),
  }));
}

/** The numbers of each key, in the order of handling. */
function byKey(handled: readonly Pick<Handled<Step>, "body">[]): Readonly<Record<string, readonly number[]>> {
  const groups = Object.groupBy(handled, ({ body }) => body.key);
  return Object.fromEntries(Object.entries(groups).map(([key, all = []]) => [key, all.map(({ body }) => body.number)]));
}

function expected(keys: number, each: number): Readonly<Record<string, readonly number[]>> {
  return byKey(steps(keys, each).map((body) => ({ body })));
}

export const ORDER: readonly Case[] = [
  {
    id: "order-by-key",
    name: "Messages of one key are handled one at a time, in the order of the sends, at any concurrency",
    section: "D",
    rows: [63, 64],
    needs: ["ordering"],
    async run(context) {
      const queue = await orderedQueue(context);
      const busy = new Set<string>();
      const overlaps: string[] = [];
      const received = await context.collect(queue, {
        concurrency: 10,
        prefetch: 40,
        handle: async ({ body }) => {
          if (busy.has(body.key)) overlaps.push(body.key);
          busy.add(body.key);
          await sleep(1);
          busy.delete(body.key);
        },
      });
      for (const step of steps(10, 10)) void awaitLater(queue.send(step, { key: step.key }));
      await received.waitForCount(100);
      deepEqual(overlaps, []);
      deepEqual(byKey(received.handled), expected(10, 10));
    },
  },
  {
    id: "order-with-consumers",
    name: "Order by key holds when several consumers compete",
    section: "D",
    rows: [63, 66],
    needs: ["ordering"],
    async run(context) {
      const queue = await orderedQueue(context);
      const other = (await context.connect()).queue<Step>(queue.name, { ordered: true });
      const all: { readonly body: Step }[] = [];
      const busy = new Set<string>();
      const overlaps: string[] = [];
      const options = {
        concurrency: 4,
        handle: async ({ body }: { readonly body: Step }) => {
          if (busy.has(body.key)) overlaps.push(body.key);
          busy.add(body.key);
          all.push({ body });
          await sleep(1);
          busy.delete(body.key);
        },
      };
      await Promise.all([context.collect(queue, options), context.collect(other, options)]);
      for (const step of steps(6, 10)) await queue.send(step, { key: step.key });
      await context.until(
        "all messages to be handled",
        () => all.length >= 60,
        () => all.length,
      );
      deepEqual(overlaps, []);
      deepEqual(byKey(all), expected(6, 10));
    },
  },
  {
    id: "order-while-consumers-come-and-go",
    name: "Order by key holds while consumers come and go: no message is completed for the first time out of turn",
    section: "D",
    rows: [66, 107],
    needs: ["ordering"],
    effort: 2,
    async run(context) {
      const queue = await orderedQueue(context);
      const first = new Map<string, { readonly body: Step }>();
      const join = async (): Promise<Received<Step>> => {
        const other = (await context.connect()).queue<Step>(queue.name, { ordered: true });
        return context.collect(other, {
          concurrency: 4,
          handle: async ({ body }) => {
            // Even numbers are slow, so that a message that does not wait for the one before it is done first.
            if (body.number % 2 === 0) await sleep(12);
            const name = `${body.key}/${body.number}`;
            if (!first.has(name)) first.set(name, { body });
          },
        });
      };
      const handled = (times: number): Promise<void> =>
        context.until(
          `${times} messages to be handled`,
          () => first.size >= times,
          () => first.size,
        );
      let present = await join();
      const sent: { readonly body: Step }[] = [];
      let going = true;
      const sending = awaitLater(
        (async () => {
          const all = steps(3, 10_000);
          while (going) {
            const some = all.slice(sent.length, sent.length + 12);
            await Promise.all(some.map((body) => queue.send(body, { key: body.key })));
            sent.push(...some.map((body) => ({ body })));
            await sleep(20);
          }
        })(),
      );
      for (let round = 0; round < 4; round += 1) {
        const next = await join();
        await handled(first.size + 12);
        await context.until("unhandled messages to pile up", () => sent.length - first.size >= 6);
        await present.consumer.close();
        present = next;
        await handled(first.size + 12);
      }
      going = false;
      await sending;
      await handled(sent.length);
      deepEqual(byKey([...first.values()]), byKey(sent));
    },
  },
  {
    id: "join-waits-for-handlers",
    name: "A consumer that joins begins no key while a handler of another consumer has a message of it",
    section: "D",
    rows: [66],
    needs: ["ordering"],
    async run(context) {
      const queue = await orderedQueue(context);
      const other = (await context.connect()).queue<Step>(queue.name, { ordered: true });
      const busy = new Set<string>();
      const overlaps: string[] = [];
      const done = new Set<string>();
      const joined = gate();
      let running = 0;
      const options = {
        concurrency: 12,
        prefetch: 40,
        handle: async ({ body }: { readonly body: Step }) => {
          if (busy.has(body.key)) overlaps.push(body.key);
          busy.add(body.key);
          running += 1;
          await joined.promise;
          // Long enough for the new consumer to get messages, where it does not wait.
          if (body.number === 0) await sleep(1_000);
          busy.delete(body.key);
          done.add(`${body.key}/${body.number}`);
        },
      };
      const all = steps(12, 4);
      const send = async (step: Step): Promise<unknown> => queue.send(step, { key: step.key });
      await context.collect(queue, options);
      await Promise.all(all.slice(0, 12).map(send));
      await context.until("a handler for each key", () => running === 12);
      await context.collect(other, options);
      for (const step of all.slice(12)) await send(step);
      joined.open();
      await context.until(
        "all messages to be handled",
        () => done.size === all.length,
        () => done.size,
      );
      deepEqual(overlaps, []);
    },
  },
  {
    id: "keys-run-side-by-side",
    name: "A slow message blocks its own key and no other",
    section: "D",
    rows: [63, 64],
    needs: ["ordering"],
    async run(context) {
      const queue = await orderedQueue(context);
      const hold = gate();
      const received = await context.collect(queue, {
        concurrency: 3,
        prefetch: 12,
        handle: async ({ body }) => {
          if (body.key === "slow") await hold.promise;
        },
      });
      for (const number of [0, 1]) await queue.send({ key: "slow", number }, { key: "slow" });
      for (const number of [0, 1, 2]) await queue.send({ key: "fast", number }, { key: "fast" });
      await context.until("the fast key to be done", () => byKey(received.handled).fast?.length === 3);
      deepEqual(byKey(received.handled), { slow: [0], fast: [0, 1, 2] });
      hold.open();
      await received.waitForCount(5);
    },
  },
  {
    id: "failure-holds-its-key",
    name: "With strict ordering, a message that fails blocks its key until it succeeds; other keys continue",
    section: "D",
    rows: [67],
    needs: ["ordering.strict"],
    async run(context) {
      const queue = await orderedQueue(context);
      const goodDone = (): boolean => byKey(received.handled).good?.length === 3;
      const received = await context.collect(queue, {
        concurrency: 4,
        prefetch: 12,
        retry: { attempts: 1_000, backoff: { initial: 60, factor: 1, jitter: 0 } },
        handle: ({ body, attempt }) => {
          if (body.key === "bad" && body.number === 0 && !(goodDone() && attempt >= 3)) throw new Error("not yet");
        },
      });
      for (const number of [0, 1, 2]) await queue.send({ key: "bad", number }, { key: "bad" });
      for (const number of [0, 1, 2]) await queue.send({ key: "good", number }, { key: "good" });
      await context.until("the last message of the bad key", () => byKey(received.handled).bad?.at(-1) === 2);
      const { bad = [], good } = byKey(received.handled);
      deepEqual(good, [0, 1, 2]);
      deepEqual([...new Set(bad)], [0, 1, 2]);
      const attempts = received.handled.filter(({ body }) => body.key === "bad").map(({ attempt }) => attempt);
      const failed = bad.filter((number) => number === 0).map((_, index) => index + 1);
      deepEqual(attempts, [...failed, 1, 1]);
      ok(failed.length >= 3);
    },
  },
  {
    id: "dead-letter-frees-its-key",
    name: "A message that is dead-lettered frees its key, and the next one follows",
    section: "D",
    rows: [67],
    needs: ["ordering", "deadLetters.list"],
    async run(context) {
      const queue = await orderedQueue(context);
      const received = await context.collect(queue, {
        retry: { attempts: 2, backoff: { initial: 20, factor: 1, jitter: 0 } },
        handle: ({ body }) => {
          if (body.number === 0) throw new Error("never");
        },
      });
      for (const number of [0, 1]) await queue.send({ key: "k", number }, { key: "k" });
      await context.until("the next message to follow", () => received.bodies.some(({ number }) => number === 1));
      const [letter] = await context.deadLetters(queue, 1);
      equal(letter?.key, "k");
    },
  },
  {
    id: "replay-on-ordered",
    name: "A dead letter of an ordered queue is replayed with its key",
    section: "C",
    rows: [48],
    needs: ["ordering", "deadLetters.list"],
    async run(context) {
      const queue = await orderedQueue(context);
      let mended = false;
      const received = await context.collect(queue, {
        retry: { attempts: 1 },
        handle: () => {
          if (!mended) throw new Error("broken");
        },
      });
      await queue.send({ key: "k", number: 0 }, { key: "k" });
      await context.deadLetters(queue, 1);
      mended = true;
      equal(await queue.deadLetters.replay({ all: true }), 1);
      await received.waitForCount(2);
      deepEqual([received.handled[1]?.message.key, received.handled[1]?.attempt], ["k", 1]);
    },
  },
  {
    id: "ordered-send-needs-key",
    name: "A send to an ordered queue needs a key",
    section: "D",
    rows: [63],
    needs: ["ordering"],
    async run(context) {
      const faults = new Faults();
      const queue = await orderedQueue(context, faults);
      await rejects(queue.send({ key: "", number: 0 }), { name: "TypeError", message: /key/ });
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "no-key-is-one-key",
    name: "Messages without a key are handled one at a time in an ordered subscription, as if they had one key",
    section: "D",
    rows: [63],
    needs: ["ordering"],
    async run(context) {
      const { topic } = await context.topic<number>();
      let running = 0;
      let most = 0;
      const received = await context.collect(topic.subscription("all", { ordered: true }), {
        concurrency: 4,
        handle: async () => {
          running += 1;
          most = Math.max(most, running);
          await sleep(2);
          running -= 1;
        },
      });
      for (let number = 0; number < 8; number += 1) await topic.publish(number);
      await received.waitForCount(8);
      equal(most, 1);
      deepEqual(received.bodies, [0, 1, 2, 3, 4, 5, 6, 7]);
    },
  },
  {
    id: "ordered-subscription",
    name: "An ordered subscription handles the messages of each key in the order of the publishes",
    section: "D",
    rows: [63, 65],
    needs: ["ordering"],
    async run(context) {
      const { topic } = await context.topic<Step>();
      const other = (await context.connect()).topic<Step>(topic.name);
      const received = await context.collect(topic.subscription("all", { ordered: true }), {
        concurrency: 8,
        prefetch: 30,
      });
      const send = async (publisher: typeof topic, key: string): Promise<void> => {
        for (let number = 0; number < 15; number += 1) await publisher.publish({ key, number }, { key });
      };
      await Promise.all([send(topic, "key-0"), send(other, "key-1")]);
      await received.waitForCount(30);
      deepEqual(byKey(received.handled), expected(2, 15));
    },
  },
  {
    id: "refused-send-keeps-its-place",
    name: "When a message has to be sent again, later messages of its key do not overtake it",
    section: "D",
    rows: [65],
    needs: ["ordering", "sendOrder.strict"],
    async run(context) {
      const faults = new Faults();
      let refusals = 2;
      faults.send = ({ headers }) => {
        if (headers.first === undefined || refusals === 0) return undefined;
        refusals -= 1;
        return { error: new InjectedError("THROTTLED", true), outcomeUnknown: false };
      };
      const queue = await orderedQueue(context, faults);
      const first = awaitLater(queue.send({ key: "k", number: 0 }, { key: "k", headers: { first: "yes" } }));
      const followers = [1, 2, 3, 4].map((number) => awaitLater(queue.send({ key: "k", number }, { key: "k" })));
      const other = awaitLater(queue.send({ key: "other", number: 0 }, { key: "other" }));
      await Promise.all([first, ...followers, other]);
      const received = await context.collect(queue);
      await received.waitForCount(6);
      deepEqual(byKey(received.handled), { k: [0, 1, 2, 3, 4], other: [0] });
    },
  },
  {
    id: "order-in-batches",
    name: "A batch handler of an ordered queue gets the messages of each key in order",
    section: "D",
    rows: [63, 74],
    needs: ["ordering"],
    async run(context) {
      const queue = await orderedQueue(context);
      const handled: { readonly body: Step }[] = [];
      await queue.consumeBatch(
        (messages) => {
          handled.push(...messages.map(({ body }) => ({ body })));
        },
        { max: 10, wait: 20, concurrency: 2 },
      );
      for (const step of steps(3, 10)) void awaitLater(queue.send(step, { key: step.key }));
      await context.until(
        "all messages to be handled",
        () => handled.length >= 30,
        () => handled.length,
      );
      deepEqual(byKey(handled), expected(3, 10));
    },
  },
];
