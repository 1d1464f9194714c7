import amqplib, { type ConfirmChannel } from "amqplib";
import type { Body, Contender, Reader } from "../contender.ts";
import { uuid } from "../id.ts";
import { consumeInGroups } from "./expert-reader.ts";
import { queueOptions } from "./queue.ts";

type Settled = (error: Error | undefined) => void;

/** Collects the ids of messages that were returned because there is no queue. A return arrives before its confirm. */
function returns(channel: ConfirmChannel): Set<string> {
  const ids = new Set<string>();
  channel.on("return", (message) => ids.add(message.properties.messageId));
  return ids;
}

/**
 * amqplib as an expert uses it: one connection for sending and one for reading, no Nagle, one promise for a batch,
 * deliveries prefetched beyond the concurrency, and multiple acks.
 */
export async function open(url: string, queue: string): Promise<Contender> {
  const sending = await amqplib.connect(url, { noDelay: true });
  const receiving = await amqplib.connect(url, { noDelay: true });
  const channel = await sending.createConfirmChannel();
  await channel.assertQueue(queue, queueOptions(queue));
  const returned = returns(channel);

  const publish = (body: Body, settled: Settled): void => {
    const messageId = uuid();
    channel.publish(
      "",
      queue,
      Buffer.from(JSON.stringify(body)),
      {
        deliveryMode: 2,
        mandatory: true,
        messageId,
        contentType: "application/json",
        timestamp: Math.floor(Date.now() / 1000),
      },
      (error) => {
        if (error) settled(error);
        else if (returned.size > 0 && returned.delete(messageId)) settled(new Error("no such queue"));
        else settled(undefined);
      },
    );
  };

  const sendBatch = (bodies: readonly Body[]): Promise<void> =>
    new Promise((resolve, reject) => {
      let left = bodies.length;
      const settled: Settled = (error) => {
        left -= 1;
        if (error) reject(error);
        else if (left === 0) resolve();
      };
      for (const body of bodies) publish(body, settled);
    });

  return {
    send: (body) =>
      new Promise<void>((resolve, reject) => publish(body, (error) => (error ? reject(error) : resolve()))),
    sendBatch,
    consume: async (handler, concurrency): Promise<Reader> =>
      consumeInGroups(await receiving.createChannel(), queue, handler, concurrency),
    async close() {
      await Promise.all([sending.close(), receiving.close()]);
    },
  };
}
