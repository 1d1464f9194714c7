import { conformance } from "@anybroker/conformance";
import { type RedisNative, redis } from "@anybroker/redis";
import { afterAll, inject, test } from "vitest";
import { plainClient } from "./plain-client.ts";

const given = inject("redis");

if (given.url !== undefined) {
  const { url } = given;
  const client = await plainClient(url);
  afterAll(() => client.close());
  conformance(
    {
      name: "redis",
      driver: () => redis({ url }),
      patience: 10_000,
      lease: 2_000,
      foreign: () => ({ ...client, close: async () => {} }),
      remove: client.remove,
      async cut({ native }) {
        // The cast is true: the driver above makes this client.
        (native as RedisNative | undefined)?.disconnect();
      },
    },
    { test: test.concurrent, after: afterAll },
    { report: "reports/conformance/redis.json" },
  );
}
