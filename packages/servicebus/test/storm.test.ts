import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@anybroker/core";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { expect, test } from "vitest";
import { servicebus } from "../src/index.ts";
import { emulatorForTest } from "./harness.ts";

const MESSAGES = 1_000;

test.each([false, true])("faults of the service lose no message that was confirmed (ordered: %s)", async (ordered) => {
  const emulator = await emulatorForTest();
  const driver = () => servicebus({ url: emulator.connectionString });
  const options = { lease: 2_000, logger: quietLogger, reconnect: { initial: 50, max: 500 } };
  await using sender = await connect(driver(), options);
  await using reader = await connect(driver(), options);
  const handled = new Set<number>();
  const consume = { concurrency: 20, retry: { attempts: 20, backoff: { initial: 20, max: 50 } } };
  const source = reader.queue<number>("orders", { ordered });
  await source.consume(
    async ({ body }) => {
      await sleep(body % 10);
      // Some fail once in a while, and come again.
      if (Math.random() < 0.05) throw new Error("broken");
      handled.add(body);
    },
    { ...consume, onError: () => {} },
  );
  const { faults } = emulator;
  const storms = [
    () => faults.serverBusy("orders", 2),
    () => faults.detachLinks("orders"),
    () => faults.closeConnections(),
    () => faults.cutConnections(),
    () => faults.loseLocks("orders"),
  ];
  const queue = sender.queue<number>("orders", { ordered });
  const sending = Promise.all(
    Array.from({ length: MESSAGES }, async (_, number) => {
      await sleep(number * 5);
      await queue.send(number, { key: `key ${number % 25}` });
    }),
  );
  for (const [index, storm] of [...storms, ...storms, ...storms].entries()) {
    await expect.poll(() => handled.size, { timeout: 30_000 }).toBeGreaterThan(index * 50);
    storm();
  }
  await sending;
  await expect.poll(() => handled.size, { timeout: 30_000 }).toBe(MESSAGES);
});
