import { setTimeout as sleep } from "node:timers/promises";
import { connect, redis as redisDriver } from "@anybroker/redis";
import { redis } from "@anybroker-internal/testkit/brokers/redis";
import { withServers } from "@anybroker-internal/testkit/brokers/with-servers";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { test } from "vitest";
import { expectAgreement } from "./model/agreement.ts";
import type { RigSubject } from "./model/rig.ts";

await withServers(redis, () => {
  test.for([false, true])("random operations on Redis do what the model says (ordered: %s)", async (ordered) => {
    await using server = await redis.start({});
    const { url } = server;
    const onRedis: RigSubject = {
      driver: () => redisDriver({ url }),
      now: Date.now,
      pass: (ms) => sleep(ms),
      connect: (driver) => connect(driver, { lease: 2_000, reconnect: { initial: 10, max: 10 }, logger: quietLogger }),
      // Twice the resolution of delays.
      slack: 1_000,
    };
    const size = { runs: Number(process.env.ANYBROKER_MODEL_RUNS ?? 10), most: 20 };
    await expectAgreement(() => onRedis, { ...size, ordered, acksEarly: true, noticesVanishing: false });
  });
});
