import { isUtf8 } from "node:buffer";
import type { ForeignClient, ForeignMessage, ForeignValue } from "@anybroker/conformance";
import { type IHeaders, Kafka, logLevel } from "kafkajs";
import type { KafkaRecord } from "../src/index.ts";

/** kafkajs without anybroker: for what other programs do to the same server. */
export function plainClient(url: string): ForeignClient {
  const { host } = new URL(url.replace(/^kafka:/, "http:"));
  const kafka = new Kafka({ brokers: [host], logLevel: logLevel.NOTHING });
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
  };
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
