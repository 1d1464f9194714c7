import { deepEqual, equal, rejects, throws } from "node:assert/strict";
import { bytes, text } from "@anybroker/core";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";
import { wrong } from "../wrong.ts";

const handler = (): void => {};

export const INPUT: readonly Case[] = [
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
    id: "illegal-settlements",
    name: "retry() with an invalid delay or an unknown option and deadLetter() without a reason reject, and the handler can still settle the message",
    section: "F",
    rows: [24],
    async run(context) {
      const { queue } = await context.queue();
      const results: unknown[] = [];
      const received = await context.collect(queue, {
        handle: async (message) => {
          for (const delay of [-1, Number.NaN, 1.5]) await rejects(message.retry({ delay }), TypeError);
          const unknown = { name: "TypeError", message: /retry: unknown option "wait"; known ones: delay/ };
          await rejects(message.retry(wrong({ wait: 5 })), unknown);
          await rejects(message.retry(wrong(5_000)), {
            name: "TypeError",
            message: /retry: options must be an object/,
          });
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
    name: "A selection of dead letters with neither or both of ids and `all` is a TypeError, so that none is removed by mistake",
    section: "F",
    rows: [48],
    needs: ["deadLetters.list"],
    async run(context) {
      const { queue } = await context.queue();
      for (const selection of [
        undefined,
        {},
        { all: false },
        { ids: "one" },
        { ids: 0 },
        { ids: [0] },
        "all",
        { ids: ["one"], all: true },
      ]) {
        await rejects(queue.deadLetters.remove(wrong(selection)), TypeError);
        await rejects(queue.deadLetters.replay(wrong(selection)), TypeError);
      }
    },
  },
];

function offered(capabilities: Readonly<Record<string, unknown>>, option: string): boolean {
  return capabilities[option === "delay" ? "delay.send" : option] !== "none";
}
