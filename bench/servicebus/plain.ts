import type { ServiceBusMessage } from "@azure/service-bus";
import type { Body, Contender, Reader } from "../contender.ts";
import { uuid } from "../id.ts";
import { connect, createQueue, fail } from "./queue.ts";

const messageOf = (body: Body): ServiceBusMessage => ({ body, messageId: uuid(), contentType: "application/json" });

/**
 * The SDK as its documentation shows it: `sendMessages` for each message, batches by `tryAddMessage`, and `subscribe`, which
 * completes each message when its handler has ended.
 */
export async function open(url: string, queue: string): Promise<Contender> {
  await createQueue(url, queue);
  const client = await connect(url, queue);
  const sender = client.createSender(queue);

  return {
    send: (body) => sender.sendMessages(messageOf(body)),
    async sendBatch(bodies) {
      let batch = await sender.createMessageBatch();
      for (const message of bodies.map(messageOf)) {
        if (batch.tryAddMessage(message)) continue;
        await sender.sendMessages(batch);
        batch = await sender.createMessageBatch();
        if (!batch.tryAddMessage(message)) throw new Error("the message is too large");
      }
      await sender.sendMessages(batch);
    },
    async consume(handler, maxConcurrentCalls): Promise<Reader> {
      const receiver = client.createReceiver(queue);
      const processMessage = ({ body }: { readonly body: Body }): Promise<void> => handler(body);
      const subscription = receiver.subscribe({ processMessage, processError: fail }, { maxConcurrentCalls });
      return {
        async close() {
          await subscription.close();
          // The SDK does not tell when it has completed the last messages.
          while ((await receiver.peekMessages(1)).length > 0);
          await receiver.close();
        },
      };
    },
    close: () => client.close(),
  };
}
