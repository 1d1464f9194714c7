import { deepEqual, equal, ok } from "node:assert/strict";
import { bytes } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";
import type { ForeignValue } from "../subject.ts";

const JSON_BODY = Buffer.from('{"from":"elsewhere"}');
const NOT_TEXT = Uint8Array.of(0, 255, 254, 1);

/** Headers of every kind that the broker carries, as only a foreign client writes them. */
async function oddHeaders(context: CaseContext): Promise<Readonly<Record<string, ForeignValue>>> {
  const { values } = await context.foreign();
  return {
    Plain: "text",
    ...(values.includes("integer") ? { count: 7 } : {}),
    ...(values.includes("binary") ? { blob: NOT_TEXT } : {}),
    ...(values.includes("list") ? { list: ["one", "two"] } : {}),
  };
}

/** The same, comparable: clients differ in how they show bytes. */
function plain(headers: Readonly<Record<string, ForeignValue>>, names: readonly string[]): unknown {
  return names.map((name) => {
    const value = headers[name];
    return [name, value instanceof Uint8Array ? [...value] : value];
  });
}

export const INTEROP: readonly Case[] = [
  {
    id: "foreign-message",
    name: "A message of a plain client, with nothing of ours in it, is a normal message",
    section: "A",
    rows: [15, 19],
    needs: ["foreign"],
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<unknown>();
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: JSON_BODY, headers: { mine: "yes" } });
      const got = await context.collect(queue);
      await got.waitForCount(1);
      const [handled] = got.handled;
      deepEqual([handled?.body, handled?.attempt, handled?.message.headers.mine], [{ from: "elsewhere" }, 1, "yes"]);
      equal(handled?.message.key, undefined);
    },
  },
  {
    id: "foreign-retry",
    name: "A foreign message is retried, given up and replayed like any other",
    section: "C",
    rows: [15, 42, 44, 48],
    needs: ["foreign", "deadLetters.list"],
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<unknown>();
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: JSON_BODY, headers: {} });
      let mended = false;
      const got = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          if (!mended) throw new Error("broken");
        },
      });
      const [letter] = await context.deadLetters(queue, 1);
      ok(Buffer.from(letter?.bytes ?? []).equals(JSON_BODY));
      mended = true;
      equal(await queue.deadLetters.replay({ all: true }), 1);
      await got.waitForCount(3);
      deepEqual(
        got.handled.map(({ body, attempt }) => [body, attempt]),
        [1, 2, 1].map((attempt) => [{ from: "elsewhere" }, attempt]),
      );
    },
  },
  {
    id: "foreign-odd-headers",
    name: "Integer, binary and repeated headers of a foreign message are the same after a retry and after a replay",
    section: "C",
    rows: [5, 15, 37, 52],
    needs: ["foreign", "deadLetters.list"],
    async run(context) {
      const foreign = await context.foreign();
      const headers = await oddHeaders(context);
      const names = Object.keys(headers);
      const broker = await context.connect();
      const queue = broker.queue(context.name(), { codec: bytes });
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: NOT_TEXT, headers });
      let mended = false;
      const got = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          if (!mended) throw new Error("broken");
        },
      });
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual(plain(foreign.headersOf(letter?.native), names), plain(headers, names));
      mended = true;
      await queue.deadLetters.replay({ all: true });
      await got.waitForCount(3);
      for (const { message } of got.handled) {
        deepEqual(plain(foreign.headersOf(message.native), names), plain(headers, names));
        deepEqual({ ...message.headers }, { ...got.handled[0]?.message.headers });
        equal(message.headers.Plain, "text");
        if ("blob" in headers) equal(message.headers.blob, `base64:${Buffer.from(NOT_TEXT).toString("base64")}`);
        if ("count" in headers) equal(message.headers.count, "7");
        deepEqual([...message.bytes], [...NOT_TEXT]);
      }
    },
  },
  {
    id: "foreign-reader",
    name: "A plain client reads our messages: the body is the body, our headers are headers",
    section: "A",
    rows: [15],
    needs: ["foreign"],
    async run(context) {
      const foreign = await context.foreign();
      const { queue } = await context.queue<unknown>();
      await queue.send({ a: "ü" }, { headers: { mine: "yes" } });
      const { body, headers } = await foreign.receive(queue.name, context.signal);
      equal(Buffer.from(body).toString(), '{"a":"ü"}');
      equal(headers.mine, "yes");
      deepEqual(
        Object.keys(headers).filter((name) => name.startsWith("anybroker-")),
        [],
      );
    },
  },
  {
    id: "foreign-undecodable",
    name: "A foreign message that the codec cannot read goes to the dead letters, and the next message flows",
    section: "C",
    rows: [15, 47],
    needs: ["foreign", "deadLetters.list"],
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<unknown>();
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: NOT_TEXT, headers: {} });
      await queue.send("good");
      const got = await context.collect(queue);
      await got.waitForCount(1);
      deepEqual(got.bodies, ["good"]);
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual([...(letter?.bytes ?? [])], [...NOT_TEXT]);
    },
  },
  {
    id: "foreign-at-the-maximum",
    name: "A foreign message as large as the broker takes, which always fails, is not lost and does not stop the next one",
    section: "C",
    rows: [11, 51],
    needs: ["foreign", "largest", "deadLetters.list"],
    effort: 1.8,
    async run(context) {
      const foreign = await context.foreign();
      const { largest = 0 } = context.subject;
      const broker = await context.connect();
      const queue = broker.queue(context.name(), { codec: bytes });
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: new Uint8Array(largest), headers: {} });
      await queue.send(Uint8Array.of(1));
      const got = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: ({ body }) => {
          if (body.length > 1) throw new Error("too much");
        },
      });
      await context.until("the next one", () => got.bodies.some(({ length }) => length === 1));
      const [letter] = await context.deadLetters(queue, 1);
      equal(letter?.bytes.length, largest);
    },
  },
];
