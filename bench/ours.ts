import type { Broker } from "@anybroker/core";
import type { Body, Contender } from "./contender.ts";

/** anybroker through its public API, on any backend. */
export function contenderOf(broker: Broker, queueName: string, prefetch: number): Contender {
  const queue = broker.queue<Body>(queueName);
  return {
    send: (body) => queue.send(body),
    async sendBatch(bodies) {
      const results = await queue.sendBatch(bodies.map((body) => ({ body })));
      for (const { error } of results) if (error !== undefined) throw error;
    },
    async consume(handler, concurrency) {
      let closing = false;
      const consumer = await queue.consume(({ body }) => handler(body), {
        concurrency,
        prefetch,
        onError(error) {
          // An error spoils the measurement, so it ends the process.
          if (closing) return;
          setImmediate(() => {
            throw error;
          });
        },
      });
      return {
        close() {
          closing = true;
          return consumer.close();
        },
      };
    },
    close: () => broker.close(),
  };
}
