import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { expect, test } from "vitest";
import { connect, manualClock, memory } from "../src/index.ts";

test("a URL leads to the named instance, and retries, disconnects and delays need no real time", async () => {
  const clock = manualClock();
  await using broker = await connect("memory:connect-test", { clock, logger: quietLogger });
  await using typed = await connect(memory({ name: "connect-test" }), {
    clock,
    reconnect: { initial: 200, max: 200 },
    logger: quietLogger,
  });
  const jobs = broker.queue<string>("jobs");
  const attempts: number[] = [];
  const start = clock.now();
  const failing = typed.queue<string>("jobs");
  await failing.consume(
    ({ attempt }) => {
      attempts.push(clock.now() - start);
      if (attempt < 3) throw new Error("not yet");
    },
    { retry: { backoff: { initial: 60_000, factor: 2, jitter: 0 } }, onError: () => {} },
  );
  await jobs.send("a");
  await clock.advance(59_999);
  const instance = typed.native;
  instance?.disconnect();
  // The second attempt waits for the reconnect, which has a backoff of its own.
  await clock.advance(125_000);
  expect(attempts.map((at) => at >= 180_000)).toEqual([false, false, true]);
  expect(await jobs.stats()).toEqual({ ready: 0, delayed: 0, inFlight: 0, dead: 0 });
  expect(instance?.delete("queue", "jobs")).toBe(true);
});
