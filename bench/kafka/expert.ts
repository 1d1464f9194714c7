import { type EachBatchPayload, Kafka, logLevel, type Message } from "kafkajs";
import type { Body, Contender, Reader } from "../contender.ts";
import { uuid } from "../id.ts";
import { brokersOf, createTopic } from "./queue.ts";

const batch = 500;

/**
 * kafkajs as an expert uses it: an idempotent producer, messages that wait for a request in flight are sent together in
 * the next one, and batches are handled concurrently and committed when they are done.
 */
export async function open(url: string, queue: string): Promise<Contender> {
  const kafka = new Kafka({ brokers: brokersOf(url), logLevel: logLevel.NOTHING });
  await createTopic(kafka, queue);
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 });
  await producer.connect();
  let waiting: { readonly message: Message; readonly settled: (error?: unknown) => void }[] = [];
  let sending = false;

  async function flush(): Promise<void> {
    sending = true;
    // Messages that are sent in the same turn of the event loop go together.
    await Promise.resolve();
    while (waiting.length > 0) {
      const taken = waiting.splice(0, batch);
      try {
        await producer.send({ topic: queue, messages: taken.map(({ message }) => message) });
        for (const { settled } of taken) settled();
      } catch (error) {
        for (const { settled } of taken) settled(error);
      }
    }
    waiting = [];
    sending = false;
  }

  const send = (body: Body): Promise<void> =>
    new Promise((resolve, reject) => {
      const headers = { "message-id": uuid(), "content-type": "application/json" };
      const message = { value: JSON.stringify(body), headers };
      waiting.push({ message, settled: (error) => (error === undefined ? resolve() : reject(error)) });
      if (!sending) void flush();
    });

  return {
    send,
    sendBatch: (bodies) => Promise.all(bodies.map(send)),
    async consume(handler, concurrency): Promise<Reader> {
      const consumer = kafka.consumer({ groupId: queue, maxWaitTimeInMs: 250 });
      await consumer.connect();
      await consumer.subscribe({ topic: queue, fromBeginning: true });
      await consumer.run({
        eachBatchAutoResolve: true,
        eachBatch: (payload) => handleBatch(payload, handler, concurrency),
      });
      return { close: () => consumer.disconnect() };
    },
    close: () => producer.disconnect(),
  };
}

/** Handles a whole batch with at most `concurrency` handlers at once. */
async function handleBatch(
  { batch: { messages } }: EachBatchPayload,
  handler: (body: Body) => Promise<void>,
  concurrency: number,
): Promise<void> {
  let next = 0;
  const run = async (): Promise<void> => {
    for (let message = messages[next++]; message !== undefined; message = messages[next++]) {
      await handler(JSON.parse(message.value?.toString() ?? ""));
    }
  };
  await Promise.all(Array.from({ length: concurrency }, run));
}
