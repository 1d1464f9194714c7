import { deepEqual, equal, match, notEqual, ok } from "node:assert/strict";
import { bytes, text } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";

const EVERY_BYTE = Uint8Array.from({ length: 512 }, (_, index) => (index * 7 + (index >> 8)) & 255);
const ODD_TEXT = "zero \u0000, quotes \"'`, newline \n\r, é, 日本語, 👩‍👩‍👧, right-to-left \u202Eabc, BOM \uFEFF";
const UUID_V7 = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
const MIB = 1_048_576;

/** Sends a binary body and returns the body that the handler got. */
async function sendBytes(context: CaseContext, body: Uint8Array): Promise<Uint8Array> {
  const broker = await context.connect();
  const queue = broker.queue(context.name(), { codec: bytes });
  const received = await context.collect(queue);
  await queue.send(body);
  await received.waitForCount(1);
  return Uint8Array.from(received.handled[0]?.message.bytes ?? []);
}

export const FIDELITY: readonly Case[] = [
  {
    id: "all-arrive",
    name: "A hundred messages that are sent at once all arrive, each with its own id and body",
    section: "A",
    rows: [1, 2, 7],
    async run(context) {
      const { queue } = await context.queue<number>();
      const received = await context.collect(queue, { concurrency: 10 });
      const numbers = Array.from({ length: 100 }, (_, index) => index);
      const receipts = await Promise.all(numbers.map((number) => queue.send(number, { id: `all-${number}` })));
      await received.waitForCount(100);
      deepEqual(new Set(received.bodies), new Set(numbers));
      deepEqual(
        receipts.map(({ id }) => id),
        numbers.map((number) => `all-${number}`),
      );
      for (const { id, body } of received.handled) equal(id, `all-${body}`);
    },
  },
  {
    id: "json-body",
    name: "A JSON body arrives as it was sent, whatever it contains",
    section: "A",
    rows: [3],
    async run(context) {
      const body = { text: ODD_TEXT, number: -1.5e-7, deep: [[{ nothing: null }], [], {}], yes: true, "": "" };
      const { queue } = await context.queue<unknown>();
      const received = await context.collect(queue);
      await queue.send(body);
      await received.waitForCount(1);
      deepEqual(received.bodies, [body]);
      equal(received.handled[0]?.message.contentType, "application/json");
    },
  },
  {
    id: "binary-body",
    name: "A binary body arrives unchanged",
    section: "A",
    rows: [4],
    async run(context) {
      deepEqual(await sendBytes(context, EVERY_BYTE), EVERY_BYTE);
    },
  },
  {
    id: "text-body",
    name: "A text body with unusual Unicode arrives unchanged",
    section: "A",
    rows: [4],
    async run(context) {
      const broker = await context.connect();
      const queue = broker.queue(context.name(), { codec: text });
      const received = await context.collect(queue);
      await queue.send(ODD_TEXT);
      await received.waitForCount(1);
      deepEqual(received.bodies, [ODD_TEXT]);
      match(String(received.handled[0]?.message.contentType), /^text\/plain/);
    },
  },
  {
    id: "empty-body",
    name: "An empty body arrives as an empty body",
    section: "A",
    rows: [6, 11],
    async run(context) {
      deepEqual(await sendBytes(context, new Uint8Array()), new Uint8Array());
    },
  },
  {
    id: "large-body",
    name: "A body of 16 MiB, or of the broker's limit if that is less, arrives unchanged",
    section: "A",
    rows: [11],
    async run(context) {
      const size = Math.min(context.capabilities.limits.body, 16 * MIB);
      const body = new Uint8Array(size).map((_, index) => (index * 31) & 255);
      const arrived = await sendBytes(context, body);
      ok(Buffer.from(arrived).equals(body), `${arrived.length} of ${size} bytes arrived, or the bytes differ`);
    },
  },
  {
    id: "header-values",
    name: "Header values arrive unchanged, even if they are empty or unusual",
    section: "A",
    rows: [5],
    async run(context) {
      const headers = { empty: "", odd: ODD_TEXT, number: "007", spaces: "  two  ", long: "x".repeat(200) };
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("body", { headers });
      await received.waitForCount(1);
      deepEqual({ ...received.handled[0]?.message.headers }, headers);
    },
  },
  {
    id: "header-names",
    name: "Every legal header name arrives unchanged",
    section: "A",
    rows: [5],
    async run(context) {
      const names = [
        "a",
        "0",
        "with-dash",
        "with_underscore",
        "with.dot",
        "traceparent",
        "n".repeat(128),
        "content-type",
        "cloudEvents:type",
        "cloudEvents:specversion",
      ];
      const headers = Object.fromEntries(names.map((name) => [name, `value of ${name.slice(0, 20)}`]));
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("body", { headers });
      await received.waitForCount(1);
      deepEqual({ ...received.handled[0]?.message.headers }, headers);
    },
  },
  {
    id: "no-headers",
    name: "A message that is sent without options has no headers and no optional properties",
    section: "A",
    rows: [6],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("plain");
      await received.waitForCount(1);
      const message = received.handled[0]?.message;
      deepEqual(Object.keys(message?.headers ?? { missing: "" }), []);
      equal(Object.getPrototypeOf(message?.headers), null);
      deepEqual([message?.key, message?.type, message?.correlationId, message?.replyTo], Array(4).fill(undefined));
      equal(message?.attempt, 1);
      equal(message?.redelivered, false);
    },
  },
  {
    id: "own-id",
    name: "The sender's id, of up to 128 characters, reaches the handler",
    section: "A",
    rows: [7],
    async run(context) {
      const ids = ["7", `${"i".repeat(126)}-1`, 'odd !"#$%&()*+,/:;<=>?@[]^{|}~'];
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      for (const id of ids) equal((await queue.send("body", { id })).id, id);
      await received.waitForCount(ids.length);
      deepEqual(new Set(received.handled.map(({ id }) => id)), new Set(ids));
    },
  },
  {
    id: "made-id",
    name: "A message without an id gets a UUID of version 7, which sender and handler both see",
    section: "A",
    rows: [2, 7],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      const first = await queue.send("one");
      const second = await queue.send("two");
      await received.waitForCount(2);
      match(first.id, UUID_V7);
      notEqual(first.id, second.id);
      deepEqual(new Set(received.handled.map(({ id }) => id)), new Set([first.id, second.id]));
    },
  },
  {
    id: "properties",
    name: "Key, type, correlation id and reply address arrive as they were sent",

    section: "A",
    rows: [8],
    async run(context) {
      const properties = {
        key: "customer 7/ü",
        type: "order.placed",
        correlationId: `c${"0".repeat(127)}`,
        replyTo: "replies",
      };
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("body", properties);
      await received.waitForCount(1);
      const { key, type, correlationId, replyTo, headers } = received.handled[0]?.message ?? {};
      deepEqual({ key, type, correlationId, replyTo }, properties);
      deepEqual(Object.keys(headers ?? { missing: "" }), []);
    },
  },
  {
    id: "sent-at",
    name: "The handler sees when the message was sent",

    section: "A",
    rows: [10],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      const before = Date.now();
      await queue.send("body");
      await received.waitForCount(1);
      const sentAt = received.handled[0]?.message.sentAt;
      ok(sentAt instanceof Date, "sentAt is not a Date");
      // Some brokers store whole seconds.
      ok(sentAt.getTime() >= before - 1_000 && sentAt.getTime() <= Date.now(), `${sentAt.toISOString()} is wrong`);
    },
  },
  {
    id: "source-and-position",
    name: "A message has the queue that it was read from, its position there, and the client's own message",
    section: "A",
    rows: [9, 114],
    async run(context) {
      const { queue } = await context.queue();
      const received = await context.collect(queue);
      await queue.send("body");
      await received.waitForCount(1);
      const message = received.handled[0]?.message;
      deepEqual(message?.source, { queue: queue.name });
      ok(typeof message?.position === "string" && message.position.length > 0, "position is not a text");
      notEqual(message?.native, undefined);
    },
  },
  {
    id: "published-fidelity",
    name: "A published message keeps body, id, key, headers and properties in every subscription",
    section: "A",
    rows: [1, 5, 7, 8],
    async run(context) {
      const { topic } = await context.topic<unknown>();
      const [first, second] = [topic.subscription("first"), topic.subscription("second")];
      const received = await Promise.all([context.collect(first), context.collect(second)]);
      const options = { id: "p-1", key: "k", type: "t", correlationId: "c", replyTo: "r", headers: { a: "1", b: "ü" } };
      await topic.publish({ text: ODD_TEXT }, options);
      for (const [index, one] of received.entries()) {
        await one.waitForCount(1);
        const { body, id, key, type, correlationId, replyTo, headers, source } = one.handled[0]?.message ?? {};
        deepEqual({ id, key, type, correlationId, replyTo, headers: { ...headers } }, options);
        deepEqual(body, { text: ODD_TEXT });
        deepEqual(source, { topic: topic.name, subscription: ["first", "second"][index] });
      }
    },
  },
];
