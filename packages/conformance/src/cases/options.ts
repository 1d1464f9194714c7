import { deepEqual, equal, ok, rejects, throws } from "node:assert/strict";
import { type Message, text } from "@anybroker/core";
import type { Case } from "../case.ts";
import { Faults } from "../layers/faults.ts";
import { toArray } from "../wait.ts";
import { wrong } from "../wrong.ts";

const handler = (): void => {};

export const OPTIONS: readonly Case[] = [
  {
    id: "unknown-options",
    name: "An unknown option is a TypeError that names it and the known ones, in every call",
    section: "F",
    rows: [119],
    async run(context) {
      const faults = new Faults();
      const broker = await context.connect({ faults });
      const name = context.name();
      const typo = wrong<Record<string, never>>({ retrys: 3 });
      const named = { name: "TypeError", message: /unknown option "retrys"; known ones: \w/ };
      const queue = broker.queue<string>(name);
      const topic = broker.topic<string>(context.name());
      throws(() => broker.queue(context.name(), typo), named);
      throws(() => broker.topic(context.name(), typo), named);
      throws(() => topic.subscription("s", typo), named);
      await rejects(context.connect(typo), named);
      await rejects(context.connect({ reconnect: typo }), named);
      await rejects(context.connect({ sendBuffer: typo }), named);
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
      await rejects(broker.delete({}, typo), named);
      await rejects(broker.purge({ topics: { [context.name()]: typo } }), named);
      await rejects(broker.declare({}, typo), named);
      for (const given of [
        { queues: { a: typo } },
        { topics: { a: typo } },
        { topics: { a: { subscriptions: { s: typo } } } },
      ]) {
        await rejects(broker.declare(given), named);
      }
      // Stored messages have no schema. A schema of the handle would be without effect here.
      for (const [option, value] of Object.entries({ schema: { "~standard": {} }, codec: text })) {
        const unknown = {
          name: "TypeError",
          message: RegExp(`unknown option "${option}"; known ones: (ordered|retention)`),
        };
        await rejects(broker.declare({ queues: { [name]: wrong({ [option]: value }) } }), unknown);
        await rejects(broker.declare({ topics: { [name]: wrong({ [option]: value }) } }), unknown);
      }
      await rejects(broker.health(typo), named);
      await rejects(queue.stats(typo), named);
      await rejects(queue.deadLetters.count(typo), named);
      await rejects(toArray(queue.deadLetters.list(typo)), named);
      await rejects(queue.deadLetters.replay({ all: true }, typo), named);
      await rejects(queue.deadLetters.remove({ all: true }, typo), named);
      await rejects(queue.deadLetters.remove(wrong({ all: true, ...typo })), named);
      await rejects(broker.close(typo), named);
      deepEqual(faults.calls, []);
    },
  },
  {
    id: "undefined-options",
    name: "An option that is undefined has its default, in every call",
    section: "F",
    rows: [119],
    async run(context) {
      const signal = undefined;
      const broker = await context.connect({
        ...{
          drivers: undefined,
          topology: undefined,
          lease: undefined,
          clock: undefined,
          logger: undefined,
          name: undefined,
          consume: undefined,
          propagation: undefined,
          signal,
        },
        reconnect: { initial: undefined, max: undefined },
        sendBuffer: { messages: undefined, bytes: undefined },
      });
      const [name, topicName] = [context.name(), context.name()];
      const stored = { ordered: undefined, filter: undefined, from: undefined, durable: undefined };
      await broker.declare({ queues: undefined, topics: undefined }, { signal });
      await broker.declare({
        queues: { [name]: { ordered: undefined } },
        topics: { [topicName]: { retention: undefined, subscriptions: { all: stored } } },
      });
      const queue = broker.queue(name, { schema: undefined, codec: undefined, ordered: undefined });
      const topic = broker.topic(topicName, { schema: undefined, codec: undefined, retention: undefined });
      const backoff = { initial: undefined, max: undefined, factor: undefined, jitter: undefined };
      const common = {
        ...{ concurrency: undefined, prefetch: undefined, timeout: undefined, drainTimeout: undefined, signal },
        retry: { attempts: undefined, classify: undefined, backoff },
      };
      const results: boolean[] = [];
      const ack = async (message: Message): Promise<unknown> => results.push(await message.ack());
      await topic.subscribe("all", ack, { ...stored, ...common, onError: handler });
      await topic.subscription("other", stored).consumeBatch(
        async (messages) => {
          for (const message of messages) await ack(message);
        },
        { ...common, onError: handler, max: undefined, wait: undefined },
      );
      const consumer = await queue.consume(ack, { ...common, onError: undefined });
      const message = {
        ...{ id: undefined, key: undefined, headers: undefined, type: undefined, correlationId: undefined, signal },
        ...{ replyTo: undefined, delay: undefined, deliverAt: undefined, ttl: undefined, priority: undefined },
        timeout: undefined,
      };
      await queue.send("body", message);
      await queue.sendBatch([{ body: "body", ...message }]);
      await topic.publish("body", message);
      await context.until("the acks of four messages", () => results.length === 4);
      deepEqual(results, [true, true, true, true]);
      await broker.health({ signal });
      if (context.capabilities.stats !== "none") await queue.stats({ signal });
      if (context.capabilities["deadLetters.list"] !== "none") {
        deepEqual(await toArray(queue.deadLetters.list({ limit: undefined, after: undefined, signal })), []);
      }
      equal(await queue.deadLetters.remove({ all: true }, { signal }), 0);
      equal(await queue.deadLetters.replay({ all: true }, { signal, rate: undefined }), 0);
      if (context.capabilities.delete !== "none")
        await broker.delete({ queues: undefined, topics: undefined }, { signal });
      await consumer.close({ drainTimeout: undefined });
      await (await context.connect()).close({ drainTimeout: undefined });
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
        { propagation: 7 },
        { propagation: { inject: "traceparent" } },
        { propagation: { extract: null } },
        { drivers: { memory: "@anybroker/memory" } },
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
    name: "A signal that is not an AbortSignal is a TypeError that says so, in every call",
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
    name: "A value that is not an object, where options are expected, is a TypeError that names the place and the options",
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
      await rejects(
        consumer.close(wrong({ drain: 1 })),
        named(/close: unknown option "drain"; known ones: drainTimeout/),
      );
      for (const options of [null, 5_000, "x", [], new AbortController().signal, handler]) {
        const noObject = (known: string): object =>
          named(RegExp(`options must be an object, not .*; known ones: ${known}`));
        await rejects(consumer.close(wrong(options)), noObject("drainTimeout"));
        await rejects(broker.close(wrong(options)), noObject("drainTimeout"));
        await rejects(broker.health(wrong(options)), noObject("signal"));
        await rejects(queue.stats(wrong(options)), noObject("signal"));
        await rejects(queue.send("body", wrong(options)), noObject("id"));
        await rejects(queue.consume(handler, wrong(options)), noObject("concurrency"));
        await rejects(queue.consume(handler, wrong({ retry: options })), noObject("attempts"));
        await rejects(queue.consume(handler, { retry: wrong({ backoff: options }) }), noObject("initial"));
        await rejects(context.connect(wrong({ reconnect: options })), noObject("initial"));
        await rejects(queue.deadLetters.count(wrong(options)), noObject("signal"));
        throws(() => broker.queue(context.name(), wrong<object>(options)), noObject("schema"));
      }
    },
  },
];
