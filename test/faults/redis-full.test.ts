// The memory stays full until messages are consumed. So everything that a consumer does must work on a full server, or it
// is full forever.
import { connect } from "@anybroker/redis";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { expect, test } from "vitest";

const COUNT = 200;
const retry = { attempts: 2, backoff: { initial: 100, factor: 1, jitter: 0 } } as const;

await withServers(redis, () => {
  test.for([false, true])(
    "a full server is emptied, with delayed, retried and dead-lettered messages on it (ordered: %s)",
    async (ordered) => {
      await using server = await redis.start({});
      await using broker = await connect(server.url);
      await broker.declare({ queues: { full: { ordered } } });
      const queue = broker.queue<number>("full", { ordered });
      const send = (number: number) =>
        queue.send(number, { key: `k${number % 8}`, ...(number % 2 === 0 ? { delay: 200 } : {}) });
      await Promise.all(Array.from({ length: COUNT }, (_, number) => send(number)));
      await server.alarm(true);
      // By now the delayed messages are due.
      await expect.poll(async () => (await broker.health()).status).toBe("degraded");
      const handled = new Set<number>();
      const errors: unknown[] = [];
      await queue.consume(
        ({ body, attempt }) => {
          if (body % 10 === 1 || (body % 10 === 2 && attempt === 1)) throw new Error("it fails");
          handled.add(body);
        },
        { concurrency: 8, retry, onError: (error, message) => void (message ?? errors.push(error)) },
      );
      const left = { ready: 0, delayed: 0, inFlight: 0, dead: COUNT / 10 };
      await expect.poll(() => queue.stats(), { timeout: 20_000 }).toEqual(left);
      expect(handled.size).toBe((COUNT * 9) / 10);
      expect(errors).toEqual([]);
      await queue.deadLetters.replay({ all: true });
      await expect.poll(() => queue.stats(), { timeout: 20_000 }).toEqual(left);
    },
  );
});
