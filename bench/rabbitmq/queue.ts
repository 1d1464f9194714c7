import type { Options } from "amqplib";

/** A queue with the guarantees of ours: replicated, durable, and nothing is dropped when it is dead-lettered. */
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
