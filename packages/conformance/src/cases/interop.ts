import { deepEqual, equal, ok } from "node:assert/strict";
import { bytes } from "@anybroker/core";
import { OWN, OWN_PREFIX } from "@anybroker/core/driver";
import type { Case } from "../case.ts";
import type { CaseContext } from "../context.ts";
import { Faults, InjectedError } from "../layers/faults.ts";
import type { ForeignClient, ForeignValue } from "../subject.ts";

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

/** The last time that a `Date` can have, in ms since 1970. */
const LAST_TIME = 8_640_000_000_000_000;

/** Texts that are neither a number nor a time in the form in which anybroker writes it. */
const NEITHER_NUMBER_NOR_TIME = [
  ...["", " ", "two", "null", "NaN", "Infinity", "-1", "+2", "02", " 2", "1.5", "2e0", "0x2", "1e300", "1,2"],
  // The year 300,000: a `Date` ends before it.
  ...["9404642304000000", "+300000-01-01T00:00:00.000Z", "2026-01-01", "2026-13-01T00:00:00.000Z"],
];

/** Values of every kind that a foreign client may give a header of ours, and that anybroker never writes. */
function foreignValues({ values }: ForeignClient): readonly ForeignValue[] {
  return [
    ...NEITHER_NUMBER_NOR_TIME,
    ...(values.includes("integer") ? [3] : []),
    ...(values.includes("binary") ? [NOT_TEXT] : []),
    ...(values.includes("list") ? [["3", "4"]] : []),
  ];
}

/** For each value the headers of a message that has it under every name of ours, with the broker's prefix and without. */
function foreignMetadata(foreign: ForeignClient): readonly Readonly<Record<string, ForeignValue>>[] {
  const names = [...Object.values(OWN), `${OWN_PREFIX}sent-at`, `${OWN_PREFIX}message-id`, `${OWN_PREFIX}new`];
  const prefixes = new Set(["", foreign.headerPrefix ?? ""]);
  return [...prefixes].flatMap((prefix) =>
    foreignValues(foreign).map((value) => Object.fromEntries(names.map((name) => [prefix + name, value]))),
  );
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
      equal(letter?.key, undefined);
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
    id: "foreign-metadata",
    name: "A foreign message whose headers have anybroker's names, and values that anybroker never writes, is handled and retried as the policy says, and its dead letter has anybroker's own data",
    section: "C",
    rows: [15, 30, 46, 53],
    needs: ["foreign", "deadLetters.list"],
    effort: 2,
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<number>();
      await broker.declare({ queues: { [queue.name]: {} } });
      const sent = foreignMetadata(foreign);
      for (const [number, headers] of sent.entries()) {
        await foreign.send(queue.name, { body: Buffer.from(String(number)), headers: { mine: "yes", ...headers } });
      }
      const before = Date.now();
      let mended = false;
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 2 },
        handle: () => {
          if (!mended) throw new Error("broken");
        },
      });
      const letters = await context.deadLetters(queue, sent.length);
      for (const letter of letters) {
        const at = letter.at?.getTime() ?? 0;
        ok(at >= before - 1_000 && at <= Date.now() + 1_000, `the time is ${letter.at?.toISOString()}`);
        deepEqual([letter.attempts, letter.reason, letter.error], [2, "attempts-exhausted", "Error: broken"]);
        ok(letter.source?.includes(queue.name), `the source is ${letter.source}`);
        equal(Number.isNaN(letter.sentAt?.getTime()), false);
      }
      mended = true;
      await queue.deadLetters.replay({ all: true });
      await received.waitForCount(sent.length * 3);
      for (const number of sent.keys()) {
        const handled = received.handled.filter(({ body }) => body === number);
        deepEqual(
          handled.map(({ attempt, message }) => [attempt, { ...message.headers }]),
          [1, 2, 1].map((attempt) => [attempt, { mine: "yes" }]),
        );
        for (const { message } of handled) equal(Number.isNaN(message.sentAt?.getTime()), false);
      }
    },
  },
  {
    id: "foreign-metadata-hides-nothing",
    name: "A dead letter of such a message that was written with reason and attempts only has no foreign error, source or time",
    section: "C",
    rows: [15, 46],
    needs: ["foreign", "deadLetters.list"],
    effort: 2,
    async run(context) {
      const foreign = await context.foreign();
      const faults = new Faults();
      faults.settle = (settlement) =>
        settlement.action === "deadLetter" && settlement.headers[OWN.deadError] !== undefined
          ? new InjectedError("TOO_LARGE", false)
          : undefined;
      const { broker, queue } = await context.queue<number>({ faults });
      await broker.declare({ queues: { [queue.name]: {} } });
      const sent = foreignMetadata(foreign);
      for (const headers of sent) await foreign.send(queue.name, { body: Buffer.from("1"), headers });
      await context.collect(queue, {
        retry: { attempts: 1 },
        handle: () => {
          throw new Error("broken");
        },
      });
      for (const { attempts, reason, error, source, at } of await context.deadLetters(queue, sent.length)) {
        deepEqual([attempts, reason], [1, "attempts-exhausted"]);
        deepEqual({ error, source, at }, { error: undefined, source: undefined, at: undefined });
      }
    },
  },
  {
    id: "foreign-time",
    name: "The time at which a foreign message says it was sent is kept, and one that no Date can have is undefined",
    section: "A",
    rows: [10, 15],
    needs: ["foreign", "deadLetters.list"],
    async run(context) {
      const foreign = await context.foreign();
      const { broker, queue } = await context.queue<number>();
      await broker.declare({ queues: { [queue.name]: {} } });
      const now = Date.now();
      const times = [now, LAST_TIME + 1_000, 10 ** 17];
      const taken: (Date | undefined)[] = [];
      for (const sentAt of times) {
        const body = Buffer.from(String(taken.length));
        try {
          await foreign.send(queue.name, { body, headers: {}, sentAt });
          taken.push(sentAt > LAST_TIME ? undefined : new Date(sentAt));
        } catch (error) {
          // A broker may refuse such a time itself.
          if (sentAt === now) throw error;
        }
      }
      const received = await context.collect(queue, {
        retry: { ...context.quickRetry, attempts: 1 },
        handle: () => {
          throw new Error("broken");
        },
      });
      const letters = await context.deadLetters(queue, taken.length);
      const handled = received.handled.map(({ body, message }) => [body, message.sentAt] as const);
      const dead = letters.map(({ bytes: body, sentAt }) => [Number(Buffer.from(body)), sentAt] as const);
      for (const [number, sentAt] of [...handled, ...dead]) {
        const expected = taken[number]?.getTime();
        // Some brokers keep only the seconds.
        equal(sentAt && Math.floor(sentAt.getTime() / 1_000), expected && Math.floor(expected / 1_000));
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
