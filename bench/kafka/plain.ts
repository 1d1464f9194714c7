import { Kafka, logLevel } from "kafkajs";
import type { Body, Contender, Reader } from "../contender.ts";
import { uuid } from "../id.ts";
import { brokersOf, createTopic } from "./queue.ts";

/** kafkajs as its README shows it: one message per call of `send`, `eachMessage`, offsets committed automatically. */
export async function open(url: string, queue: string): Promise<Contender> {
  const kafka = new Kafka({ brokers: brokersOf(url), logLevel: logLevel.NOTHING });
  await createTopic(kafka, queue);
  const producer = kafka.producer();
  await producer.connect();

  const send = (body: Body): Promise<unknown> =>
    producer.send({
      topic: queue,
      messages: [
        { value: JSON.stringify(body), headers: { "message-id": uuid(), "content-type": "application/json" } },
      ],
    });

  return {
    send,
    sendBatch: (bodies) => Promise.all(bodies.map(send)),
    async consume(handler, concurrency): Promise<Reader> {
      const consumer = kafka.consumer({ groupId: queue });
      await consumer.connect();
      await consumer.subscribe({ topic: queue, fromBeginning: true });
      await consumer.run({
        // Messages of one partition are handled one at a time. There is no other concurrency.
        partitionsConsumedConcurrently: concurrency,
        eachMessage: async ({ message }) => handler(JSON.parse(message.value?.toString() ?? "")),
      });
      return { close: () => consumer.disconnect() };
    },
    close: () => producer.disconnect(),
  };
}
