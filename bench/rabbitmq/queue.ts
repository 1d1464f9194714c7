import type { Options } from "amqplib";

/** A queue with the guarantees of anybroker: replicated, durable, and without loss when dead-lettering. */
export function queueOptions(queue: string): Options.AssertQueue {
  return {
    durable: true,
    arguments: {
      "x-queue-type": "quorum",
      "x-delivery-limit": 100,
      "x-dead-letter-exchange": "",
      "x-dead-letter-routing-key": `${queue}.dlq`,
      "x-dead-letter-strategy": "at-least-once",
      "x-overflow": "reject-publish",
    },
  };
}
