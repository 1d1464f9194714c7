import { isUtf8 } from "node:buffer";
import { setTimeout as sleep } from "node:timers/promises";
import type { ForeignClient, ForeignMessage, ForeignValue, Removable } from "@anybroker/conformance";
import { DELAY_STEPS } from "@anybroker/core/driver";
import { type IHeaders, Kafka, logLevel } from "kafkajs";
import type { KafkaRecord } from "../src/index.ts";

/** kafkajs without anybroker: for what other programs do to the same server. */
export interface PlainClient extends ForeignClient {
  remove(what: Removable): Promise<void>;
  close(): Promise<void>;
}

/** Connects it. */
export async function plainClient(url: string): Promise<PlainClient> {
  const { host } = new URL(url.replace(/^kafka:/, "http:"));
  const kafka = new Kafka({ brokers: [host], logLevel: logLevel.NOTHING });
  const admin = kafka.admin();
  await admin.connect();
  const deletions = batched(async (topics: readonly string[]) => {
    const there = new Set(await admin.listTopics());
    const found = [...new Set(topics)].filter((topic) => there.has(topic));
    if (found.length === 0) return;
    await admin.deleteTopics({ topics: found });
    // The server responds before it has forgotten the topics. A consumer may create one again before we see that.
    const left = new Set(found);
    for (let tries = 0; tries < 100 && left.size > 0; tries += 1) {
      const now = new Set(await admin.listTopics());
      for (const topic of left) if (!now.has(topic)) left.delete(topic);
      if (left.size > 0) await sleep(10);
    }
  });
  return {
    values: ["binary", "list"],
    async send(queue, { body, headers, sentAt }) {
      // A producer that has sent to a topic that is deleted now fails at every topic.
      const producer = kafka.producer({ allowAutoTopicCreation: false });
      await producer.connect();
      try {
        const timestamp = sentAt === undefined ? {} : { timestamp: String(sentAt) };
        const message = { value: Buffer.from(body), headers: raw(headers), ...timestamp };
        await producer.send({ topic: queue, messages: [message] });
      } finally {
        await producer.disconnect();
      }
    },
    receive: (queue, signal) => receive(kafka, queue, signal),
    // The cast is true: the driver delivers a record.
    headersOf: (native) => headersOf((native as KafkaRecord).headers as IHeaders),
    async remove(what) {
      await Promise.all(topicsOf(what).map(deletions));
    },
    async close() {
      await admin.disconnect();
    },
  };
}

function topicsOf(what: Removable): readonly string[] {
  const name =
    "queue" in what ? what.queue : "subscription" in what ? `${what.topic}.sub.${what.subscription}` : what.topic;
  if (!("queue" in what) && !("subscription" in what)) {
    return [name, ...DELAY_STEPS.map((ms) => `${name}.delay.${ms}`)];
  }
  const own = "queue" in what ? [name] : [];
  return [...own, `${name}.dlq`, ...DELAY_STEPS.map((ms) => `${name}.retry.${ms}`)];
}

async function receive(kafka: Kafka, topic: string, signal: AbortSignal): Promise<ForeignMessage> {
  const consumer = kafka.consumer({ groupId: `plain-${topic}`, maxWaitTimeInMs: 100 });
  await consumer.connect();
  await consumer.subscribe({ topic, fromBeginning: true });
  const { promise, resolve } = Promise.withResolvers<ForeignMessage>();
  await consumer.run({
    eachMessage: async ({ message }) =>
      resolve({ body: message.value ?? Buffer.alloc(0), headers: headersOf(message.headers ?? {}) }),
  });
  try {
    return await Promise.race([promise, aborted(signal)]);
  } finally {
    await consumer.disconnect();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason), { once: true }));
}

function raw(headers: Readonly<Record<string, ForeignValue>>): IHeaders {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (value instanceof Uint8Array) return [name, Buffer.from(value)];
      return [name, typeof value === "number" ? String(value) : typeof value === "string" ? value : [...value]];
    }),
  );
}

function headersOf(headers: IHeaders): Readonly<Record<string, ForeignValue>> {
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => {
      if (Array.isArray(value)) return [name, value.map(String)];
      if (value === undefined || typeof value === "string") return [name, value ?? ""];
      return [name, isUtf8(value) ? value.toString() : new Uint8Array(value)];
    }),
  );
}

/** Joins calls that come at about the same time into one. */
function batched(run: (items: readonly string[]) => Promise<void>): (item: string) => Promise<void> {
  let next: { readonly items: string[]; readonly done: Promise<void> } | undefined;
  return (item) => {
    if (next === undefined) {
      const items: string[] = [];
      const done = sleep(20).then(() => {
        next = undefined;
        return run(items);
      });
      next = { items, done };
    }
    next.items.push(item);
    return next.done;
  };
}
