// Handlers that take longer than the lock of their message, and locks that are lost meanwhile.

import { setTimeout as sleep } from "node:timers/promises";
import { connect } from "@anybroker/servicebus";
import { startServiceBusEmulator } from "@anybroker/servicebus-emulator";
import { quietLogger } from "@anybroker-internal/testkit/quiet-logger";
import { expect, test } from "vitest";

const LEASE = 2_000;
/** How often a slow handler keeps its message. */
const TIMES = process.env.ANYBROKER_FAULTS === "full" ? 20 : 1;

async function opened(ordered: boolean) {
  const resources = new AsyncDisposableStack();
  const emulator = resources.use(await startServiceBusEmulator());
  const url = `servicebus://RootManageSharedAccessKey:SAS_KEY_VALUE@127.0.0.1:${emulator.port}?emulator=true`;
  const broker = resources.use(await connect(url, { lease: LEASE, logger: quietLogger }));
  await broker.declare({ queues: { orders: { ordered } } });
  return { emulator, queue: broker.queue<number>("orders", { ordered }), resources };
}

test.for([false, true])(
  "a handler that takes three times as long as the lock keeps its message (ordered: %s)",
  { timeout: TIMES * 20_000 + 60_000 },
  async (ordered) => {
    const { queue, resources } = await opened(ordered);
    await using _ = resources;
    const runs: number[] = [];
    const aborted: unknown[] = [];
    const handler = async ({ body, signal }: { readonly body: number; readonly signal: AbortSignal }) => {
      runs.push(body);
      signal.addEventListener("abort", () => aborted.push(signal.reason));
      await sleep(3 * LEASE);
    };
    // One of the two would get the message if its lock ran out.
    const consumers = await Promise.all([queue.consume(handler), queue.consume(handler)]);
    for (let time = 0; time < TIMES; time += 1) {
      await queue.send(time, { key: "k" });
      const acked = () => consumers.reduce((sum, consumer) => sum + consumer.stats().acked, 0);
      await expect.poll(acked, { timeout: 30_000 }).toBe(time + 1);
    }
    expect(runs).toEqual(Array.from({ length: TIMES }, (_, time) => time));
    expect(aborted).toEqual([]);
    expect(await queue.stats()).toMatchObject({ ready: 0, dead: 0 });
  },
);

test.for([false, true])(
  "a lock that the service takes back aborts the signal, and settling returns false (ordered: %s)",
  async (ordered) => {
    const { emulator, queue, resources } = await opened(ordered);
    await using _ = resources;
    const settled = Promise.withResolvers<boolean>();
    const again = Promise.withResolvers<void>();
    let runs = 0;
    await queue.consume(
      async (message) => {
        runs += 1;
        if (runs > 1) return again.resolve();
        emulator.faults.loseLocks("orders");
        await expect.poll(() => message.signal.aborted).toBe(true);
        settled.resolve(await message.ack());
      },
      { onError: () => {} },
    );
    await queue.send(1, { key: "k" });
    expect(await settled.promise).toBe(false);
    await again.promise;
    await expect.poll(() => queue.stats()).toMatchObject({ ready: 0 });
  },
);
