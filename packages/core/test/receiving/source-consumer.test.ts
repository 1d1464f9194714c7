import { describe, expect, test } from "vitest";
import type { Message } from "../../src/api/message.ts";
import { BrokerError } from "../../src/base/errors.ts";
import { delivery } from "../deliveries.ts";
import { queue } from "../entities.ts";
import { settled } from "../manual-clock.ts";
import type { SourceDouble } from "../source-double.ts";
import { type ConsumerBench, consumerBench } from "./consumer-bench.ts";

const broken = new BrokerError("UNAVAILABLE", "broken", { retryable: true });

function firstOf(sources: readonly SourceDouble[]): SourceDouble {
  const [source] = sources;
  if (source === undefined) throw new Error("no source was opened");
  return source;
}

describe("a consumer", () => {
  test("declares its source, reads it, and acks what its handler has done", async () => {
    const handled: unknown[] = [];
    const it = await consumerBench({ handle: ({ id }) => handled.push(id) });
    await it.consumer.start();
    expect(it.server.declared).toEqual([queue("jobs")]);
    await it.deliver("1");
    await it.deliver("2");
    expect(handled).toEqual(["1", "2"]);
    expect(it.settlements()).toMatchObject([
      { action: "ack", delivery: { id: "1" } },
      { action: "ack", delivery: { id: "2" } },
    ]);
    expect(it.consumer.stats()).toMatchObject({ acked: 2, running: 0, waiting: 0 });
  });

  test("whose source cannot be opened for good rejects, and closes with the reason", async () => {
    const { server, consumer } = await consumerBench();
    const forbidden = new BrokerError("FORBIDDEN", "not allowed");
    server.open = () => Promise.reject(forbidden);
    await expect(consumer.start()).rejects.toBe(forbidden);
    expect(await consumer.closed).toBe(forbidden);
  });

  test("whose source cannot be opened for now tries again after 50 to 100 ms, doubled each time", async () => {
    const { clock, server, sources, consumer } = await consumerBench();
    const { open } = server;
    let tries = 0;
    server.open = (...options) => {
      tries += 1;
      return tries < 3 ? Promise.reject(broken) : open(...options);
    };
    const starting = consumer.start();
    await clock.advance(49);
    expect(tries).toBe(1);
    await clock.advance(51);
    expect(tries).toBe(2);
    await clock.advance(200);
    await starting;
    expect(tries).toBe(3);
    expect(sources).toHaveLength(1);
  });

  test("whose link is lost frees its source, and opens another one on the next link", async () => {
    const { clock, server, sources, consumer } = await consumerBench();
    await consumer.start();
    server.breakLink();
    await clock.advance(10);
    expect(sources).toHaveLength(2);
    expect(sources[0]?.closed.map((signal) => signal.aborted)).toEqual([true]);
  });

  test("whose source ends by itself opens another one", async () => {
    const { clock, sources, errors, consumer } = await consumerBench();
    await consumer.start();
    sources[0]?.end(new Error("cancelled by the broker"));
    await clock.advance(1_000);
    expect(sources).toHaveLength(2);
    expect(errors).toMatchObject([{ message: expect.stringContaining("cancelled by the broker") }]);
  });

  test("whose source has ended says why in its health, as long as no other one is open", async () => {
    const { server, sources, consumer } = await consumerBench();
    await consumer.start();
    server.open = () => new Promise(() => {});
    sources[0]?.end(new Error("cancelled by the broker"));
    await settled();
    const reason = "reading queue jobs was interrupted: cancelled by the broker";
    expect(consumer.health()).toMatchObject({ state: "opening", reason });
  });

  test("whose source ends just before its link reports nothing, because the connection does", async () => {
    const { clock, server, sources, lines, errors, consumer } = await consumerBench();
    await consumer.start();
    server.reachable = false;
    sources[0]?.end(new Error("the channel was closed"));
    await settled();
    server.breakLink();
    await settled();
    expect(consumer.health().reason).toContain("connection to double: lost");
    server.reachable = true;
    await clock.advance(1_000);
    expect(errors).toEqual([]);
    expect(lines.filter((line) => line.startsWith("warn "))).toEqual([expect.stringContaining("lost")]);
    expect(lines.at(-1)).toBe("info the consumer of queue jobs reads again");
  });

  test("whose source cannot be read closes it before it opens another one", async () => {
    const { clock, sources, errors, consumer } = await consumerBench();
    await consumer.start();
    const first = firstOf(sources);
    first.onReceive = () => {
      throw broken;
    };
    await settled();
    expect(first.closed.map((signal) => signal.aborted)).toEqual([false]);
    expect(sources).toHaveLength(1);
    await clock.advance(100);
    expect(sources).toHaveLength(2);
    expect(errors).toEqual([broken]);
  });

  test("whose source cannot be paused closes it, and is paused with the next one", async () => {
    const { clock, sources, errors, consumer } = await consumerBench();
    await consumer.start();
    const first = firstOf(sources);
    first.onPause = () => Promise.reject(broken);
    await consumer.pause();
    await clock.advance(100);
    expect(first.closed.map((signal) => signal.aborted)).toEqual([false]);
    expect(sources).toHaveLength(2);
    expect(errors).toEqual([broken]);
  });
});

describe("a suspect", () => {
  test("starts when the broker has the acks of every consumer of the broker object", async () => {
    const handled: unknown[] = [];
    const it = await consumerBench({ handle: ({ id }) => handled.push(id) });
    const other = await consumerBench({ beside: it });
    await Promise.all([it.consumer.start(), other.consumer.start()]);
    const flushing = Promise.withResolvers<void>();
    firstOf(other.sources).flush = () => flushing.promise;
    await it.deliver("suspect", { deliveries: 2 });
    await it.clock.advance(1_000);
    await settled();
    expect(handled).toEqual([]);
    flushing.resolve();
    await settled();
    expect(handled).toEqual(["suspect"]);
  });

  test("is exposed to its own crash together with what may start without notice, but not with other suspects", async () => {
    const it = await consumerBench();
    const other = await consumerBench({ beside: it, handle: () => new Promise(() => {}) });
    await Promise.all([it.consumer.start(), other.consumer.start()]);
    const recorded = ({ sources }: ConsumerBench): readonly unknown[] => {
      const calls: unknown[] = [];
      firstOf(sources).flush = async (exposed) => void calls.push(exposed.map(({ id }) => id));
      return calls;
    };
    const [exposed, elsewhere] = [recorded(it), recorded(other)];
    await other.deliver("slow");
    firstOf(it.sources).waiting.push(delivery("one", { deliveries: 2 }), delivery("two", { deliveries: 3 }));
    await it.clock.advance(200);
    await settled();
    expect([exposed, elsewhere]).toEqual([
      [["two"], ["one"]],
      [["slow"], ["slow"]],
    ]);
  });
});

describe("a consumer whose handlers are all overdue", () => {
  /** A handler that does not return before its time is over, and another message that waits behind it. */
  const stuck = async () => {
    const late = Promise.withResolvers<void>();
    const it = await consumerBench({
      handle: ({ id }) => (id === "slow" ? late.promise : undefined),
      timeout: 1_000,
      prefetch: 2,
      drainTimeout: 500,
    });
    await it.consumer.start();
    await it.deliver("slow");
    await it.deliver("next");
    await it.clock.advance(1_000);
    return { ...it, source: firstOf(it.sources), late };
  };

  test("says so once, and gives back what has not begun", async () => {
    const it = await stuck();
    expect(it.errors.filter((error) => String(error).includes("until one returns"))).toHaveLength(1);
    expect(it.consumer.health()).toMatchObject({ state: "stuck", source: { queue: "jobs" }, running: 1, waiting: 0 });
    expect(it.settlements()).toContainEqual(expect.objectContaining({ action: "release" }));
  });

  test("reads again when a handler returns", async () => {
    const it = await stuck();
    it.late.resolve();
    await settled();
    expect(it.consumer.health()).toMatchObject({ state: "reading", running: 0 });
  });

  test("closes within its drain timeout", async () => {
    const it = await stuck();
    const closing = it.consumer.close();
    await it.clock.advance(500);
    await closing;
    expect(it.consumer.health().state).toBe("closed");
  });

  test("stays paused when it was paused meanwhile", async () => {
    const it = await stuck();
    await it.consumer.pause();
    it.late.resolve();
    await settled();
    expect(it.consumer.health().state).toBe("paused");
    await it.consumer.resume();
    expect(it.consumer.health().state).toBe("reading");
  });
});

describe("a lease that is not renewed in time", () => {
  const ordered = { kind: "queue", name: "jobs", ordered: true } as const;
  const untilLost = ({ signal }: Message): Promise<void> =>
    new Promise((resolve) => signal.addEventListener("abort", () => resolve()));

  test("starts no handler, even if the process stood still until it was over", async () => {
    const handled: unknown[] = [];
    const { promise: first, resolve: end } = Promise.withResolvers<void>();
    const it = await consumerBench({
      handle: ({ id }) => {
        handled.push(id);
        return id === "1" ? first : undefined;
      },
    });
    await it.consumer.start();
    await it.deliver("1", { leaseUntil: 10_000 });
    await it.deliver("2", { leaseUntil: 1_000 });
    await it.deliver("3", { leaseUntil: 10_000 });
    it.clock.standStill(1_000);
    end();
    await settled();
    expect(handled).toEqual(["1", "3"]);
    expect(it.errors).toMatchObject([{ code: "LEASE_LOST", message: expect.stringContaining("message 2") }]);
  });

  test("on an ordered source gives all back, so that nothing overtakes it, and opens the source again", async () => {
    const handled: unknown[] = [];
    const it = await consumerBench({
      entity: ordered,
      concurrency: 2,
      handle: (message) => {
        handled.push(message.id);
        return untilLost(message);
      },
    });
    await it.consumer.start();
    const source = firstOf(it.sources);
    source.extend = async (deliveries) => deliveries.map(({ id }) => (id === "a1" ? undefined : 10_000));
    await it.deliver("a1", { key: "a", leaseUntil: 1_000 });
    await it.deliver("a2", { key: "a", leaseUntil: 10_000 });
    await it.deliver("b1", { key: "b", leaseUntil: 10_000 });
    await it.clock.advance(1_000);
    expect(handled).toEqual(["a1", "b1"]);
    expect(source.closed).toHaveLength(1);
    expect(it.sources).toHaveLength(2);
    expect(it.errors).toMatchObject([{ code: "LEASE_LOST", message: expect.stringContaining("begins again") }]);
  });
});

describe("deliveries that the driver asks for", () => {
  const ordered = { kind: "queue", name: "jobs", ordered: true } as const;

  test("go back at once if no handler has them, and otherwise when their handler has returned", async () => {
    const { promise: first, resolve: end } = Promise.withResolvers<void>();
    const it = await consumerBench({ entity: ordered, handle: () => first });
    await it.consumer.start();
    const [a1, a2, b1] = [
      await it.deliver("a1", { key: "a" }),
      await it.deliver("a2", { key: "a" }),
      await it.deliver("b1", { key: "b" }),
    ];
    let isDone = false;
    void it.giveBack([a1, a2]).then(() => {
      isDone = true;
    });
    await settled();
    expect(it.settlements()).toMatchObject([{ action: "release", delivery: { id: "a2" } }]);
    expect(isDone).toBe(false);
    end();
    await settled();
    await settled();
    expect(it.settlements().map(({ action, delivery }) => [action, delivery.id])).toEqual([
      ["release", "a2"],
      ["ack", "a1"],
      ["ack", b1.id],
    ]);
    expect(isDone).toBe(true);
  });

  test("go back with their failures if their handler fails, or if they wait for their next attempt", async () => {
    const { promise: running, reject: fail } = Promise.withResolvers<void>();
    running.catch(() => {});
    const it = await consumerBench({
      entity: ordered,
      concurrency: 2,
      handle: ({ id }) => {
        if (id === "b") throw new Error("no");
        return running;
      },
    });
    await it.consumer.start();
    const [a, b] = [await it.deliver("a", { key: "a" }), await it.deliver("b", { key: "b" })];
    const giving = Promise.all([it.giveBack([a]), it.giveBack([b])]);
    await settled();
    expect(it.settlements()).toMatchObject([{ action: "release", delivery: { id: "b" } }]);
    fail(new Error("no"));
    await giving;
    expect(it.settlements().map(({ action, delivery }) => [action, delivery.id])).toEqual([
      ["release", "b"],
      ["release", "a"],
    ]);
    expect(firstOf(it.sources).progress).toMatchObject([{ failures: 1 }, { failures: 1 }]);
  });
});
