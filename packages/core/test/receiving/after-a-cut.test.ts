// What a process knows of messages that it held when their connection broke decides once they come back to it.
import { describe, expect, test } from "vitest";
import type { Message } from "../../src/api/message.ts";
import type { Settlement } from "../../src/contract/settlement.ts";
import { settled } from "../manual-clock.ts";
import { type ConsumerBench, type ConsumerBenchOptions, consumerBench } from "./consumer-bench.ts";

const backoff = { initial: 10_000, factor: 1, jitter: 0 };
const ordered = { kind: "queue", name: "jobs", ordered: true } as const;

async function running(options: ConsumerBenchOptions): Promise<ConsumerBench> {
  const bench = await consumerBench(options);
  await bench.consumer.start();
  return bench;
}

/** Breaks the connection, and waits until the source is open again. */
async function cut({ clock, server }: ConsumerBench): Promise<void> {
  server.breakLink();
  await clock.advance(200);
  await settled();
}

const actions = (settlements: readonly Settlement[]): readonly string[] => settlements.map(({ action }) => action);
const untilLost = ({ signal }: Message): Promise<void> =>
  new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

describe("a message that comes back to the process that lost it", () => {
  test("is settled as was decided, without its handler, when only the settlement was lost", async () => {
    const handled: (string | undefined)[] = [];
    const bench = await running({ handle: ({ id }) => handled.push(id) });
    const [first] = bench.sources;
    if (first !== undefined) first.onSettle = () => new Promise(() => {});
    await bench.deliver("a");
    await cut(bench);
    await bench.deliver("a", { deliveries: 1 });
    expect(handled).toEqual(["a"]);
    expect(actions(bench.settlements())).toEqual(["ack"]);
    expect(bench.consumer.stats()).toMatchObject({ acked: 1 });
  });

  test("is handled once more when nothing was decided, as the same attempt", async () => {
    const attempts: number[] = [];
    const bench = await running({
      handle: (message) => {
        attempts.push(message.attempt);
        return attempts.length === 1 ? untilLost(message) : undefined;
      },
      concurrency: 2,
    });
    await bench.deliver("a");
    await cut(bench);
    await bench.deliver("a", { deliveries: 1 });
    expect(attempts).toEqual([1, 1]);
    expect(actions(bench.settlements())).toEqual(["ack"]);
  });

  test("is never given up for it, however often the connection breaks", async () => {
    let runs = 0;
    const bench = await running({
      handle: (message) => {
        runs += 1;
        return runs < 40 ? untilLost(message) : undefined;
      },
      concurrency: 100,
    });
    for (let deliveries = 0; deliveries < 40; deliveries += 1) {
      await bench.deliver("a", { deliveries });
      if (deliveries < 39) await cut(bench);
    }
    expect(actions(bench.settlements())).toEqual(["ack"]);
  });

  test("waits for the rest of its backoff, with the failures that it had", async () => {
    const attempts: number[] = [];
    const bench = await running({
      entity: ordered,
      retry: { backoff },
      handle: ({ attempt }) => {
        attempts.push(attempt);
        if (attempt === 1) throw new Error("no such customer");
      },
    });
    await bench.deliver("a");
    await bench.clock.advance(6_000);
    await cut(bench);
    await bench.deliver("a", { deliveries: 1 });
    await bench.clock.advance(3_700);
    expect(attempts).toEqual([1]);
    await bench.clock.advance(200);
    expect(attempts).toEqual([1, 2]);
  });
});

describe("a message that was not lost here", () => {
  test("has the failures and the wait that another consumer has noted with the broker", async () => {
    const attempts: number[] = [];
    const bench = await running({ entity: ordered, handle: ({ attempt }) => void attempts.push(attempt) });
    await bench.deliver("a", { deliveries: 1, progress: { failures: 2, notBefore: bench.clock.now() + 500 } });
    expect(attempts).toEqual([]);
    await bench.clock.advance(500);
    expect(attempts).toEqual([3]);
  });
});

test("a failure in place is noted with the broker, with the end of its wait", async () => {
  const bench = await running({
    entity: ordered,
    retry: { backoff },
    handle: () => {
      throw new Error("no such customer");
    },
  });
  await bench.deliver("a");
  expect(bench.sources[0]?.progress).toEqual([{ failures: 1, notBefore: bench.clock.now() + 10_000 }]);
});
