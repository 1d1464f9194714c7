// The effect of the server's settings: the same crash with each of them, and what is lost without an append-only file.

import { connect } from "@anybroker/redis";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { expect, test } from "vitest";

const COUNT = 2_000;

await withServers(redis, () => {
  test.for([
    ["--appendonly yes --appendfsync always", 0, "up"],
    ["--appendonly yes --appendfsync everysec", 0, "up"],
    ["--appendonly no", COUNT, "degraded"],
  ] as const)("a server killed and restarted with %s", async ([config, lost, status]) => {
    await using server = await redis.start({ config: config.split(" ") });
    await using broker = await connect(server.url, { reconnect: { initial: 50, max: 500 }, logger: quietLogger });
    const queue = broker.queue<number>("settings");
    const health = await broker.health();
    expect(health.status).toBe(status);
    await Promise.all(Array.from({ length: COUNT }, (_, number) => queue.send(number)));
    await server.restart();
    const handled = new Set<number>();
    await queue.consume(({ body }) => void handled.add(body), { concurrency: 32 });
    // The program continues, even if messages were lost.
    await queue.send(COUNT);
    await expect.poll(() => handled.has(COUNT) && (handled.size > COUNT || lost > 0), { timeout: 20_000 }).toBe(true);
    const missing = COUNT + 1 - handled.size;
    console.log(`redis: killed with ${config}: confirmed ${COUNT + 1}, handled ${handled.size}, lost ${missing}`);
    expect(missing).toBe(lost);
  });
});
