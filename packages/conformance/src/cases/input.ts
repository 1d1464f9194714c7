import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { bytes, text } from "@anybroker/core";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";

/** A value that only a user without type checks can pass. */
// The cast is deliberate: these values are wrong, and must be refused at run time.
const wrong = <T>(value: unknown): T => value as T;

const handler = (): void => {};

export const INPUT: readonly Case[] = [
  {
    id: "unknown-options",
    name: "An unknown option is a TypeError that names it, in every call",
    section: "F",
    rows: [119],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      const name = context.name();
      const typo = wrong<Record<string, never>>({ retrys: 3 });
      const named = { name: "TypeError", message: /retrys/ };
      const queue = broker.queue<string>(name);
      const topic = broker.topic<string>(context.name());
      throws(() => broker.queue(context.name(), typo), named);
      throws(() => broker.topic(context.name(), typo), named);
      throws(() => topic.subscription("s", typo), named);
      await rejects(context.connect(typo), named);
      await rejects(queue.send("body", typo), named);
      await rejects(queue.sendBatch([{ body: "body", ...typo }]), named);
      await rejects(topic.publish("body", typo), named);
      await rejects(queue.consume(handler, typo), named);
      await rejects(queue.consume(handler, { retry: typo }), named);
      await rejects(queue.consume(handler, { retry: { backoff: typo } }), named);
      await rejects(queue.consumeBatch(handler, typo), named);
      await rejects(topic.subscribe("s", handler, typo), named);
      await rejects(broker.declare(typo), named);
      await rejects(broker.delete(typo), named);
      await rejects(broker.purge({ topics: { [context.name()]: typo } }), named);
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "illegal-names",
    name: "A name that is not legal on every backend is a TypeError that states the rule",
    section: "F",
    rows: [86],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      const { nameMax } = context.capabilities.limits;
      const names = [
        "",
        "1st",
        "-a",
        "a-",
        "a.",
        "a b",
        "a/b",
        "ä",
        "a*",
        "a\n",
        "x".repeat(nameMax + 1),
        "goog-x",
        "amq.x",
      ];
      const reserved = ["a.sub.b", "a.retry", "dlq.a", "a.delay.1", "a.part.0"];
      for (const name of [...names, ...reserved]) {
        throws(() => broker.queue(name), TypeError, name);
        throws(() => broker.topic(name), TypeError, name);
      }
      throws(() => broker.queue(wrong(7)), TypeError);
      const topic = broker.topic(context.name());
      for (const name of ["", "a.b", "1a", "a-", "x".repeat(51), "sub", "retry", "dlq", "delay", "part", "ä"]) {
        throws(() => topic.subscription(name), TypeError, name);
      }
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "conflicting-names",
    name: "One name for a queue and a topic is a TypeError, and so are two names that differ only in case or in `.` and `_`",
    section: "F",
    rows: [86],
    async run(context) {
      const broker = await context.connect();
      const name = context.name("a.b");
      broker.queue(name);
      throws(() => broker.topic(name), TypeError);
      throws(() => broker.queue(name.toUpperCase()), TypeError);
      throws(() => broker.queue(name.replaceAll(".", "_")), TypeError);
      broker.queue(name);
    },
  },
  {
    id: "illegal-ids-and-properties",
    name: "An id, key, type, correlation id or reply address that some backend could not carry is a TypeError",
    section: "F",
    rows: [7, 8],
    async run(context) {
      const faults = new Faults();
      const { queue } = await context.queue({ faults });
      for (const id of ["", "x".repeat(129), "ü", "a\u0000", "a\nb", wrong<string>(7)]) {
        await rejects(queue.send("body", { id }), { name: "TypeError", message: /id/ });
      }
      for (const property of ["key", "type", "correlationId", "replyTo"]) {
        for (const value of ["", "x".repeat(129), "\uD800", 7]) {
          await rejects(queue.send("body", wrong({ [property]: value })), {
            name: "TypeError",

            message: RegExp(property),
          });
        }
      }
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "illegal-headers",
    name: "An illegal header name or value is a TypeError that names the header, and is never altered silently",
    section: "F",
    rows: [5],
    async run(context) {
      const faults = new Faults();
      const { queue } = await context.queue({ faults });
      for (const name of ["", "Upper", "with space", "ü", "-first", "a:b", "x".repeat(129), "anybroker-attempt"]) {
        await rejects(queue.send("body", { headers: { [name]: "value" } }), TypeError, name);
      }
      for (const value of ["\uD800", 7, null, undefined, Uint8Array.of(1), {}]) {
        await rejects(queue.send("body", { headers: { mine: wrong(value) } }), { name: "TypeError", message: /mine/ });
      }
      for (const headers of ["a: b", ["a"], new Map([["a", "b"]]), new Headers({ a: "b" }), null, 7]) {
        await rejects(queue.send("body", { headers: wrong(headers) }), { name: "TypeError", message: /headers/ });
      }
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "illegal-times",
    name: "A delay, expiry or timeout that is negative, fractional, NaN or no number is a TypeError that names the option",
    section: "F",
    rows: [55, 60],
    async run(context) {
      const faults = new Faults();
      const { queue } = await context.queue({ faults });
      const options = ["timeout", "ttl", "delay"].filter(
        (name) => name === "timeout" || offered(context.capabilities, name),
      );
      for (const name of options) {
        for (const value of [-1, Number.NaN, 1.5, Number.POSITIVE_INFINITY, "5", null]) {
          await rejects(queue.send("body", wrong({ [name]: value })), { name: "TypeError", message: RegExp(name) });
        }
      }
      if (offered(context.capabilities, "delay")) {
        await rejects(queue.send("body", { deliverAt: new Date(Number.NaN) }), {
          name: "TypeError",

          message: /deliverAt/,
        });
        await rejects(queue.send("body", { deliverAt: wrong(5) }), { name: "TypeError", message: /deliverAt/ });
        await rejects(queue.send("body", { delay: 5, deliverAt: new Date() }), { name: "TypeError", message: /delay/ });
      }
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "illegal-priority",
    name: "A priority that is not an integer from 0 to 9 is a TypeError",
    section: "F",
    rows: [62],
    needs: ["priority"],
    async run(context) {
      const faults = new Faults();
      const { queue } = await context.queue({ faults });
      for (const priority of [-1, 10, 4.5, Number.NaN, wrong<number>("high")]) {
        await rejects(queue.send("body", { priority }), { name: "TypeError", message: /priority/ });
      }
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "illegal-consume-options",
    name: "A consume option that is out of range is a TypeError that names it",
    section: "F",
    rows: [119],
    async run(context) {
      const faults = new Faults();
      const { queue } = await context.queue({ faults });
      const bad: Readonly<Record<string, unknown>>[] = [
        { concurrency: 0 },
        { concurrency: 1.5 },
        { prefetch: 0 },
        { concurrency: 4, prefetch: 3 },
        { timeout: -1 },
        { timeout: Number.NaN },
        { drainTimeout: -1 },
        { onError: "log" },
        { retry: { attempts: 0 } },
        { retry: { attempts: Number.NaN } },
        { retry: { backoff: { initial: -1 } } },
        { retry: { backoff: { factor: 0 } } },
        { retry: { backoff: { jitter: 2 } } },
        { retry: { classify: "retry" } },
      ];
      for (const options of bad) {
        const option = Object.keys(options).at(-1) ?? "";
        await rejects(queue.consume(handler, wrong(options)), { name: "TypeError", message: RegExp(option) });
      }
      await rejects(queue.consumeBatch(handler, { max: 0 }), { name: "TypeError", message: /max/ });
      await rejects(queue.consumeBatch(handler, { wait: -1 }), { name: "TypeError", message: /wait/ });
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "handler-not-a-function",
    name: "A handler that is not a function is a TypeError",
    section: "F",
    rows: [119],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      const queue = broker.queue(context.name());
      const topic = broker.topic(context.name());
      await rejects(queue.consume(wrong("handler")), { name: "TypeError", message: /handler/ });
      await rejects(queue.consumeBatch(wrong(undefined)), { name: "TypeError", message: /handler/ });
      await rejects(topic.subscribe("s", wrong({})), { name: "TypeError", message: /handler/ });
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "illegal-bodies",
    name: "A body that does not fit its codec is a TypeError before any I/O",

    section: "F",
    rows: [18],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      await rejects(broker.queue(context.name()).send(Uint8Array.of(1)), TypeError);
      await rejects(broker.queue(context.name()).send(undefined), TypeError);
      await rejects(broker.queue(context.name(), { codec: text }).send(wrong(7)), TypeError);
      await rejects(broker.queue(context.name(), { codec: text }).send("\uD800"), TypeError);
      await rejects(broker.queue(context.name(), { codec: bytes }).send(wrong("text")), TypeError);
      for (const message of [null, 1, "body", {}]) {
        await rejects(broker.queue(context.name()).sendBatch([{ body: 1 }, wrong(message)]), {
          name: "TypeError",

          message: /message 1/,
        });
      }
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "bodies-without-json-form",
    name: "A value in a body that JSON would change or drop is a TypeError that names queue and path; in a batch only its message fails",
    section: "F",
    rows: [18],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      const name = context.name();
      const queue = broker.queue(name);
      const values = [Promise.resolve(1), new Map(), new Set(), /a/, new Error("x"), handler, Symbol("x"), 7n];
      for (const price of [...values, Number.NaN, Number.POSITIVE_INFINITY, new Date(Number.NaN)]) {
        const message = RegExp(`queue ${name}: items\\[1\\]\\.price is `);
        await rejects(queue.send({ items: [{ price: 1 }, { price }] }), { name: "TypeError", message });
      }
      await rejects(queue.send(Promise.resolve(1)), { name: "TypeError", message: /body is a Promise: .* await/ });
      await rejects(broker.topic(context.name()).publish({ at: new Map() }), {
        name: "TypeError",
        message: /at is a Map/,
      });
      deepEqual(faults.calls, []);
      const results = await queue.sendBatch([
        { body: 1 },
        { body: { total: Number.NaN } },
        { body: { gone: undefined } },
      ]);
      deepEqual(
        results.map(({ error }) => error?.code),
        [undefined, "INVALID_BODY", undefined],
      );
      equal(results[1]?.error?.message, `queue ${name}: total is NaN, which has no JSON form`);
      const received = await context.collect(queue);
      await received.waitForCount(2);
      deepEqual(received.bodies.map((body) => JSON.stringify(body)).toSorted(), ["1", "{}"]);
    },
  },
  {
    id: "illegal-connect-options",
    name: "A connect option that is out of range is a TypeError, before any connection is opened",
    section: "F",
    rows: [119],
    async run(context) {
      const bad: Readonly<Record<string, unknown>>[] = [
        { lease: 0 },
        { lease: 3_600_000 },
        { lease: Number.NaN },
        { connectTimeout: -1 },
        { topology: "maybe" },
        { reconnect: { initial: -1 } },
        { sendBuffer: { messages: 0 } },
        { clock: 7 },
        { signal: "stop" },
      ];
      for (const options of bad) {
        const faults = new Faults();
        let tried = false;
        faults.connect = () => {
          tried = true;
          return undefined;
        };
        await rejects(context.connect({ ...wrong<object>(options), faults }), TypeError, JSON.stringify(options));
        ok(!tried, `connected with ${JSON.stringify(options)}`);
      }
    },
  },
  {
    id: "illegal-signals",
    name: "A signal that is no AbortSignal is a TypeError that says so, in every call",
    section: "F",
    rows: [119],
    async run(context) {
      const { broker, queue } = await context.queue();
      const refused = { name: "TypeError", message: /signal must be an AbortSignal/ };
      for (const signal of [wrong<AbortSignal>({}), wrong<AbortSignal>("now"), wrong<AbortSignal>(null)]) {
        await rejects(context.connect({ signal }), refused);
        await rejects(broker.declare({}, { signal }), refused);
        await rejects(broker.health({ signal }), refused);
        await rejects(queue.send("body", { signal }), refused);
        await rejects(queue.consume(handler, { signal }), refused);
        if (context.capabilities.stats !== "none") await rejects(queue.stats({ signal }), refused);
        if (context.capabilities["deadLetters.count"] === "none") continue;
        await rejects(queue.deadLetters.count({ signal }), refused);
        await rejects(queue.deadLetters.remove({ all: true }, { signal }), refused);
      }
    },
  },
  {
    id: "illegal-shapes",
    name: "null or a number where an object of options belongs is a TypeError that names the place",
    section: "F",
    rows: [119],
    async run(context) {
      const { broker, queue } = await context.queue();
      const name = context.name();
      const declaring = (topology: unknown): Promise<void> => broker.declare(wrong(topology));
      const named = (message: RegExp): object => ({ name: "TypeError", message });
      await rejects(declaring({ queues: { [name]: null } }), named(new RegExp(name)));
      await rejects(declaring({ topics: { [name]: null } }), named(new RegExp(name)));
      await rejects(declaring({ topics: { [name]: { subscriptions: { s: 1 } } } }), named(/"s"/));
      await rejects(declaring({ topics: 5 }), named(/topics/));
      const consumer = await queue.consume(handler);
      for (const options of [null, 5_000]) {
        await rejects(consumer.close(wrong(options)), named(/close: options must be an object/));
        await rejects(broker.close(wrong(options)), named(/close: options must be an object/));
      }
    },
  },
  {
    id: "illegal-settlements",
    name: "retry() with an invalid delay and deadLetter() without a reason reject, and the handler can still settle the message",
    section: "F",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue();
      const results: unknown[] = [];
      const received = await context.collect(queue, {
        handle: async (message) => {
          for (const delay of [-1, Number.NaN, 1.5]) await rejects(message.retry({ delay }), TypeError);
          await rejects(message.deadLetter(wrong(undefined)), TypeError);
          results.push(await message.ack());
        },
      });
      await queue.send("body");
      await context.until("the ack to return", () => results.length > 0);
      deepEqual(results, [true]);
      deepEqual(received.errors, []);
    },
  },
  {
    id: "illegal-selection",
    name: "A selection of dead letters without ids and without `all` is a TypeError, so that none is removed by mistake",
    section: "F",
    rows: [48],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      for (const selection of [undefined, {}, { all: false }, { ids: "one" }, { ids: 0 }, { ids: [0] }, "all"]) {
        await rejects(queue.deadLetters.remove(wrong(selection)), TypeError);
        await rejects(queue.deadLetters.replay(wrong(selection)), TypeError);
      }
    },
  },
];

function offered(capabilities: Readonly<Record<string, unknown>>, option: string): boolean {
  return capabilities[option === "delay" ? "delay.send" : option] !== "none";
}
