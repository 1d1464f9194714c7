import { deepEqual, equal, ok } from "node:assert/strict";
import { bytes } from "@anybroker/core";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";
import type { ForeignValue } from "../subject.ts";

const JSON_BODY = Buffer.from('{"from":"elsewhere"}');
const NOT_TEXT = Uint8Array.of(0, 255, 254, 1);

/** Headers of every kind that the broker carries. Only a foreign client writes these. */
async function unusualHeaders(context: CaseContext): Promise<Readonly<Record<string, ForeignValue>>> {
  const { values } = await context.foreign();
  return {
    Plain: "text",
    ...(values.includes("integer") ? { count: 7 } : {}),
    ...(values.includes("binary") ? { blob: NOT_TEXT } : {}),
    ...(values.includes("list") ? { list: ["one", "two"] } : {}),
  };
}

/** The named headers in a form that can be compared: clients differ in their type for bytes. */
function comparable(headers: Readonly<Record<string, ForeignValue>>, names: readonly string[]): unknown {
  return names.map((name) => {
    const value = headers[name];
    return [name, value instanceof Uint8Array ? [...value] : value];
  });
}

export const INTEROP: readonly Case[] = [
  {
    id: "foreign-message",
    name: "A message of a foreign client, without any header of anybroker, is a normal message",
    section: "A",
    rows: [15, 19],
    needs: ["foreign"],
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<unknown>();
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: JSON_BODY, headers: { mine: "yes" } });
      const received = await context.collect(queue);
      await received.waitForCount(1);
      const [handled] = received.handled;
      deepEqual([handled?.body, handled?.attempt, handled?.message.headers.mine], [{ from: "elsewhere" }, 1, "yes"]);
      equal(handled?.message.key, undefined);
    },
  },
  {
    id: "foreign-retry",
    name: "A foreign message is retried, dead-lettered and replayed like any other",
    section: "C",
    rows: [15, 42, 44, 48],
    needs: ["foreign", "deadLetters.list"],
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<unknown>();
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: JSON_BODY, headers: {} });
      let mended = false;
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          if (!mended) throw new Error("broken");
        },
      });
      const [letter] = await context.deadLetters(queue, 1);
      ok(Buffer.from(letter?.bytes ?? []).equals(JSON_BODY));
      mended = true;
      equal(await queue.deadLetters.replay({ all: true }), 1);
      await received.waitForCount(3);
      deepEqual(
        received.handled.map(({ body, attempt }) => [body, attempt]),
        [1, 2, 1].map((attempt) => [{ from: "elsewhere" }, attempt]),
      );
    },
  },
  {
    id: "foreign-odd-headers",
    name: "Integer, binary and repeated headers of a foreign message stay the same in a retry and in a replay",
    section: "C",
    rows: [5, 15, 37, 52],
    needs: ["foreign", "deadLetters.list"],
    async run(context) {
      const foreign = await context.foreign();
      const headers = await unusualHeaders(context);
      const names = Object.keys(headers);
      const broker = await context.connect();
      const queue = broker.queue(context.name(), { codec: bytes });
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: NOT_TEXT, headers });
      let mended = false;
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          if (!mended) throw new Error("broken");
        },
      });
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual(comparable(foreign.headersOf(letter?.native), names), comparable(headers, names));
      mended = true;
      await queue.deadLetters.replay({ all: true });
      await received.waitForCount(3);
      for (const { message } of received.handled) {
        deepEqual(comparable(foreign.headersOf(message.native), names), comparable(headers, names));
        deepEqual({ ...message.headers }, { ...received.handled[0]?.message.headers });
        equal(message.headers.Plain, "text");
        if ("blob" in headers) equal(message.headers.blob, `base64:${Buffer.from(NOT_TEXT).toString("base64")}`);
        if ("count" in headers) equal(message.headers.count, "7");
        deepEqual([...message.bytes], [...NOT_TEXT]);
      }
    },
  },
  {
    id: "foreign-reader",
    name: "A foreign client can read a message of anybroker: the body is only the body, and headers are headers",
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
    name: "A foreign message that the codec cannot decode is dead-lettered, and the next message is handled",
    section: "C",
    rows: [15, 47],
    needs: ["foreign", "deadLetters.list"],
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<unknown>();
      await broker.declare({ queues: { [queue.name]: {} } });
      await foreign.send(queue.name, { body: NOT_TEXT, headers: {} });
      await queue.send("good");
      const received = await context.collect(queue);
      await received.waitForCount(1);
      deepEqual(received.bodies, ["good"]);
      const [letter] = await context.deadLetters(queue, 1);
      deepEqual([...(letter?.bytes ?? [])], [...NOT_TEXT]);
    },
  },
  {
    id: "foreign-at-the-maximum",
    name: "A foreign message of the largest size that the broker accepts is not lost when it always fails, and does not block the next one",
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
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: ({ body }) => {
          if (body.length > 1) throw new Error("too much");
        },
      });
      await context.until("the next message", () => received.bodies.some(({ length }) => length === 1));
      const [letter] = await context.deadLetters(queue, 1);
      equal(letter?.bytes.length, largest);
    },
  },
];
