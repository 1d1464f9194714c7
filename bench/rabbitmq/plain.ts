import amqplib, { type ConsumeMessage } from "amqplib";
import type { Body, Contender, Reader } from "../contender.ts";
import { uuid } from "../id.ts";
import { queueOptions } from "./queue.ts";

/** amqplib as its README shows it: one call and one ack per message, and a prefetch that equals the concurrency. */
export async function open(url: string, queue: string): Promise<Contender> {
  const connection = await amqplib.connect(url, { noDelay: true });
  const channel = await connection.createConfirmChannel();
  await channel.assertQueue(queue, queueOptions(queue));
  const returned = new Set<string>();
  channel.on("return", (message) => returned.add(message.properties.messageId));

  const send = (body: Body): Promise<void> =>
    new Promise((resolve, reject) => {
      const messageId = uuid();
      const options = {
        persistent: true,
        mandatory: true,
        messageId,
        contentType: "application/json",
        timestamp: Math.floor(Date.now() / 1000),
      };
      channel.sendToQueue(queue, Buffer.from(JSON.stringify(body)), options, (error) => {
        if (error) reject(error);
        else if (returned.size > 0 && returned.delete(messageId)) reject(new Error("no such queue"));
        else resolve();
      });
    });

  return {
    send,
    sendBatch: (bodies) => Promise.all(bodies.map(send)),
    async consume(handler, concurrency): Promise<Reader> {
      const reading = await connection.createChannel();
      await reading.prefetch(concurrency);
      const handle = async (message: ConsumeMessage): Promise<void> => {
        await handler(JSON.parse(message.content.toString()));
        reading.ack(message);
      };
      const { consumerTag } = await reading.consume(queue, (message) => {
        if (message !== null) void handle(message);
      });
      return {
        async close() {
          await reading.cancel(consumerTag);
          await reading.close();
        },
      };
    },
    close: () => connection.close(),
  };
}
