import { connect } from "@anybroker/core";
import { redis } from "@anybroker/redis";
import { expect, inject, test } from "vitest";
import { unique } from "./harness.ts";

const { url } = inject("redis");

test.runIf(url)("a consumer that has just begun to read closes without waiting for the read", async () => {
  await using broker = await connect(redis({ url: url ?? "" }));
  const times: number[] = [];
  for (let round = 0; round < 5; round += 1) {
    const consumer = await broker.queue(unique("queue")).consume(() => {});
    const since = performance.now();
    await consumer.close();
    times.push(performance.now() - since);
  }
  // A read waits for up to 500 ms.
  expect(Math.min(...times)).toBeLessThan(250);
});
