import { subscribe, unsubscribe } from "node:diagnostics_channel";
import { describe, expect, onTestFinished, test } from "vitest";
import type { RetryPolicy } from "../../src/api/consuming.ts";
import type { Message } from "../../src/api/message.ts";
import { BrokerError } from "../../src/base/errors.ts";
import { OWN } from "../../src/contract/headers.ts";
import type { Settlement, SettleResult } from "../../src/contract/settlement.ts";
import { LEASE_LOST, refused } from "../../src/driver-kit/failures.ts";
import { subscription, topic } from "../entities.ts";
import { settled } from "../manual-clock.ts";
import { type ConsumerBench, type ConsumerBenchOptions, consumerBench } from "./consumer-bench.ts";

const busy = refused(new BrokerError("THROTTLED", "slow down", { retryable: true }));
const tooLarge = refused(new BrokerError("TOO_LARGE", "too many headers"));

const fails = (): never => {
  throw new Error("no such customer");
};

/** A running consumer that fails with every message, without jitter in its waits. */
async function failing(retry: RetryPolicy = {}, options: ConsumerBenchOptions = {}): Promise<ConsumerBench> {
  const backoff = { initial: 100, factor: 2, max: 1_000, jitter: 0 };
  const bench = await consumerBench({ handle: fails, retry: { backoff, ...retry }, ...options });
  await bench.consumer.start();
  return bench;
}

/** A running consumer whose handler does as `handle` says. */
async function handling(
  handle: (message: Message) => unknown,
  options: ConsumerBenchOptions = {},
): Promise<ConsumerBench> {
  const bench = await consumerBench({ ...options, handle });
  await bench.consumer.start();
  return bench;
}

/** Gives one result after the other to the next settlements. Later ones succeed. */
function giveResults({ sources }: ConsumerBench, ...list: readonly SettleResult[]): void {
  const rest = [...list];
  const source = sources.at(-1);
  if (source !== undefined) source.onSettle = (batch) => batch.map(() => rest.shift());
}

const actions = (settlements: readonly Settlement[]): readonly string[] => settlements.map(({ action }) => action);

describe("a message whose handler throws", () => {
  test("is retried by a copy that waits for the backoff and counts the failure", async () => {
    const bench = await failing();
    await bench.deliver("a");
    await bench.deliver("b", { headers: { [OWN.attempt]: "2" } });
    expect(bench.settlements()).toMatchObject([
      { action: "retry", delay: 100, headers: { [OWN.attempt]: "1" } },
      { action: "retry", delay: 400, headers: { [OWN.attempt]: "3" } },
    ]);
    expect(bench.consumer.stats()).toMatchObject({ retried: 2 });
    expect(bench.errors).toEqual([new Error("no such customer"), new Error("no such customer")]);
  });

  test("is dead-lettered with its reason, error, attempts, source and time when its attempts are used up", async () => {
    const bench = await failing({ attempts: 3 });
    await bench.deliver("a", { headers: { [OWN.attempt]: "2", mine: "x" } });
    expect(bench.settlements()).toEqual([
      {
        action: "deadLetter",
        delivery: expect.objectContaining({ id: "a" }),
        headers: {
          [OWN.attempt]: "3",
          [OWN.deadReason]: "attempts-exhausted",
          [OWN.deadError]: "Error: no such customer",
          [OWN.deadSource]: "queue jobs",
          [OWN.deadAt]: "1970-01-01T00:00:00.000Z",
          [OWN.notBefore]: undefined,
        },
      },
    ]);
    expect(bench.consumer.stats()).toMatchObject({ deadLettered: 1 });
  });

  test.each([
    ["retry", "retry", "retried"],
    ["dead-letter", "deadLetter", "deadLettered"],
    ["discard", "ack", "discarded"],
  ] as const)("and is classified as %s is settled by %s and counts as %s", async (verdict, action, counter) => {
    const bench = await failing({ classify: () => verdict });
    await bench.deliver("a");
    expect(actions(bench.settlements())).toEqual([action]);
    expect(bench.consumer.stats()[counter]).toBe(1);
  });

  test("is retried when classify throws, and both errors are reported", async () => {
    const bench = await failing({
      classify() {
        throw new Error("cannot classify");
      },
    });
    await bench.deliver("a");
    expect(actions(bench.settlements())).toEqual(["retry"]);
    expect(bench.errors).toEqual([new Error("no such customer"), new Error("cannot classify")]);
  });

  test("is dropped instead of retried once it has expired", async () => {
    const bench = await handling(async () => {
      await bench.clock.advance(500);
      fails();
    });
    await bench.deliver("a", { headers: { [OWN.expiresAt]: "500" } });
    await settled();
    expect(actions(bench.settlements())).toEqual(["ack"]);
    expect(bench.consumer.stats()).toMatchObject({ expired: 1, retried: 0 });
  });

  test("is dropped when an ephemeral subscription gives it up, because that has no dead letters", async () => {
    const entity = subscription(topic("news"), "mine", { durable: false });
    const bench = await failing({ attempts: 1 }, { entity });
    await bench.deliver("a");
    expect(actions(bench.settlements())).toEqual(["ack"]);
    expect(bench.consumer.stats()).toMatchObject({ discarded: 1, deadLettered: 0 });
    expect(bench.lines).toContainEqual(
      "warn message a of subscription mine of topic news was dropped (attempts-exhausted): an ephemeral subscription has no dead letters",
    );
  });
});

describe("on a dead letter", () => {
  test("reason and error are at most 512 bytes, and contain no password", async () => {
    const bench = await failing(
      { attempts: 1 },
      {
        handle() {
          throw new Error(`cannot reach amazing://user:hunter2@host ${"é".repeat(600)}`);
        },
      },
    );
    await bench.deliver("a");
    const [settlement] = bench.settlements();
    const error = settlement?.action === "deadLetter" ? (settlement.headers[OWN.deadError] ?? "") : "";
    expect(error).toContain("amazing://***@host");
    expect(Buffer.byteLength(error)).toBeLessThanOrEqual(512);
    expect(Buffer.byteLength(error)).toBeGreaterThan(500);
  });

  test("no password is in the reason that a handler gives, and none in the event", async () => {
    const reasons: unknown[] = [];
    const note = (event: unknown): void => void reasons.push(event);
    subscribe("anybroker:dead-letter", note);
    onTestFinished(() => void unsubscribe("anybroker:dead-letter", note));
    const bench = await handling((message) => message.deadLetter("cannot reach broker://user:hun/ter2@host"));
    await bench.deliver("a");
    const reason = "cannot reach broker://***@host";
    expect(bench.settlements()).toMatchObject([{ action: "deadLetter", headers: { [OWN.deadReason]: reason } }]);
    expect(reasons).toMatchObject([{ id: "a", reason }]);
  });

  test("of a body that cannot be read the reason is the error's code", async () => {
    const bench = await consumerBench({
      read() {
        throw new BrokerError("UNDECODABLE", "not JSON");
      },
    });
    await bench.consumer.start();
    await bench.deliver("a");
    expect(bench.settlements()).toMatchObject([{ action: "deadLetter", headers: { [OWN.deadReason]: "UNDECODABLE" } }]);
  });

  test("of one message explains the crashes of the others that were held with it, which are handled", async () => {
    const handled: unknown[] = [];
    const bench = await handling(({ id }) => handled.push(id));
    await bench.deliver("guilty", { deliveries: 12 });
    await bench.clock.advance(500);
    await bench.deliver("neighbour", { deliveries: 12 });
    await bench.clock.advance(500);
    expect(bench.settlements()).toMatchObject([
      { action: "deadLetter", delivery: { id: "guilty" } },
      { action: "ack", delivery: { id: "neighbour" } },
    ]);
    expect(handled).toEqual(["neighbour"]);
  });

  test("waits for no other suspect where only what the guilty message has caused is counted", async () => {
    const handled: unknown[] = [];
    const bench = await handling(({ id }) => handled.push(id), { notesExposed: true });
    await Promise.all([
      bench.deliver("guilty", { deliveries: 12 }),
      bench.deliver("bystander", { deliveries: 3 }),
      bench.deliver("also guilty", { deliveries: 13 }),
    ]);
    await bench.clock.advance(500);
    expect(handled).toEqual(["bystander"]);
    expect(bench.consumer.stats()).toMatchObject({ deadLettered: 2, acked: 1 });
  });

  test("of a message that was held in twelve crashes the reason is crash-loop, and no handler sees it", async () => {
    const bench = await handling(fails);
    await bench.deliver("a", { deliveries: 12 });
    await bench.clock.advance(5_000);
    expect(bench.settlements()).toMatchObject([{ action: "deadLetter", headers: { [OWN.deadReason]: "crash-loop" } }]);
    expect(bench.errors).toEqual([]);
  });
});

describe("when the broker refuses", () => {
  test("an ack for now, it is tried again after a second, until it succeeds", async () => {
    const bench = await handling(() => {});
    giveResults(bench, busy, busy);
    await bench.deliver("a");
    await bench.clock.advance(999);
    expect(actions(bench.settlements())).toEqual(["ack"]);
    await bench.clock.advance(1_001);
    expect(actions(bench.settlements())).toEqual(["ack", "ack", "ack"]);
    expect(bench.consumer.stats()).toMatchObject({ acked: 1 });
    expect(bench.errors).toHaveLength(2);
  });

  test("the copy of a retry for now, the message fails again with the same count after a second", async () => {
    const bench = await failing();
    giveResults(bench, busy);
    await bench.deliver("a");
    await bench.clock.advance(1_000);
    expect(bench.settlements()).toMatchObject([
      { action: "retry", headers: { [OWN.attempt]: "1" } },
      { action: "retry", headers: { [OWN.attempt]: "1" } },
    ]);
  });

  test("the copy of a retry for good, the message stays, and its handler runs again after the backoff", async () => {
    let runs = 0;
    const bench = await failing(
      {},
      {
        handle() {
          runs += 1;
          if (runs === 1) fails();
        },
      },
    );
    giveResults(bench, tooLarge);
    await bench.deliver("a");
    await bench.clock.advance(99);
    expect(runs).toBe(1);
    await bench.clock.advance(1);
    expect(runs).toBe(2);
    expect(actions(bench.settlements())).toEqual(["retry", "ack"]);
  });

  test("a dead letter, it gets fewer headers, then the broker's own way, then both again after the longest wait", async () => {
    const bench = await failing({ attempts: 1 });
    giveResults(bench, tooLarge, tooLarge, tooLarge, tooLarge);
    await bench.deliver("a");
    await bench.clock.advance(1_000);
    const settlements = bench.settlements();
    expect(actions(settlements)).toEqual(["deadLetter", "deadLetter", "reject", "deadLetter", "reject"]);
    const short = { [OWN.attempt]: "1", [OWN.deadReason]: "attempts-exhausted" };
    expect(settlements.slice(1, 2)).toEqual([expect.objectContaining({ headers: short })]);
    expect(settlements.slice(3, 4)).toEqual([expect.objectContaining({ headers: short })]);
    expect(bench.consumer.stats()).toMatchObject({ deadLettered: 1 });
  });

  test("a settlement for now, and the message is lost meanwhile, it is not tried again", async () => {
    const bench = await handling(() => {});
    giveResults(bench, busy);
    bench.lose(await bench.deliver("a"));
    await bench.clock.advance(5_000);
    expect(actions(bench.settlements())).toEqual(["ack"]);
    expect(bench.errors).toMatchObject([{ code: "THROTTLED" }, { code: "LEASE_LOST" }]);
    expect(bench.consumer.stats()).toMatchObject({ acked: 0, returned: 1 });
  });

  test("a settlement for now, and the link is lost meanwhile, it is not tried again", async () => {
    const bench = await handling(() => {});
    giveResults(bench, busy);
    await bench.deliver("a");
    bench.server.breakLink();
    await bench.clock.advance(5_000);
    expect(actions(bench.sources[0]?.settled.flat() ?? [])).toEqual(["ack"]);
    expect(bench.errors).toMatchObject([{ code: "THROTTLED" }, { code: "LEASE_LOST" }]);
    expect(bench.consumer.stats()).toMatchObject({ acked: 0, returned: 1 });
  });

  test("a settlement because the message is no longer held, that is reported, and nothing is tried again", async () => {
    const bench = await handling(() => {});
    giveResults(bench, LEASE_LOST);
    await bench.deliver("a");
    await bench.clock.advance(60_000);
    expect(actions(bench.settlements())).toEqual(["ack"]);
    expect(bench.errors).toMatchObject([{ code: "LEASE_LOST" }]);
    expect(bench.consumer.stats()).toMatchObject({ acked: 0, returned: 1 });
  });
});

describe("a message that its handler settles itself", () => {
  test("is settled once: the first call decides, later ones and the return of the handler do nothing", async () => {
    const results: boolean[] = [];
    const bench = await handling(async (message) => {
      results.push(await message.deadLetter("unwanted"), await message.ack(), await message.retry());
    });
    await bench.deliver("a");
    expect(results).toEqual([true, false, false]);
    expect(bench.settlements()).toMatchObject([{ action: "deadLetter", headers: { [OWN.deadReason]: "unwanted" } }]);
  });

  test("is retried after the delay that the handler asks for, and counts as failed", async () => {
    const bench = await handling((message) => message.retry({ delay: 7_000 }));
    await bench.deliver("a");
    expect(bench.settlements()).toMatchObject([{ action: "retry", delay: 7_000, headers: { [OWN.attempt]: "1" } }]);
  });

  test("is not settled by a call with a wrong argument", async () => {
    const bench = await handling(async (message) => {
      for (const delay of [-1, 1.5, Number.NaN, 31_536_000_001]) {
        await expect(message.retry({ delay })).rejects.toThrow(TypeError);
      }
      await expect(message.deadLetter("")).rejects.toThrow(TypeError);
    });
    await bench.deliver("a");
    expect(bench.errors).toEqual([]);
    expect(actions(bench.settlements())).toEqual(["ack"]);
  });

  test("learns that it was lost: its signal aborts, and settling it resolves with false", async () => {
    const lost: unknown[] = [];
    const bench = await handling(async (message) => {
      bench.server.breakLink();
      await settled();
      lost.push(message.signal.aborted, await message.ack());
    });
    await bench.deliver("a");
    await settled();
    expect(lost).toEqual([true, false]);
  });
});
