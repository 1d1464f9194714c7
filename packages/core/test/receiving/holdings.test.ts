import { describe, expect, test } from "vitest";
import type { SettleResult } from "../../src/contract/settlement.ts";
import { HeldMessage } from "../../src/receiving/held-message.ts";
import { Holdings } from "../../src/receiving/holdings.ts";
import { delivery } from "../deliveries.ts";
import { ManualClock, settled } from "../manual-clock.ts";
import { SourceDouble } from "../source-double.ts";

const live = new AbortController().signal;
const unused = (): never => {
  throw new Error("not asked for here");
};

function bench() {
  const clock = new ManualClock();
  const source = new SourceDouble();
  const lost: (string | undefined)[] = [];
  const failures: unknown[] = [];
  const means = { hasReturnQueue: true, holdsKeyBack: false, canDelayCopies: true };
  const holdings = new Holdings(source, { queue: "jobs" }, means, undefined, clock, {
    lost: (messages) => lost.push(...messages.map(({ id }) => id)),
    leasesEnded: () => {},
    failed: (error) => failures.push(error),
  });
  const hold = (id: string, leaseUntil?: number): HeldMessage => {
    const settler = { ack: unused, retry: unused, deadLetter: unused };
    const held = new HeldMessage(delivery(id, { leaseUntil }), holdings, settler, undefined);
    holdings.add(held);
    return held;
  };
  const results: SettleResult[] = [];
  const ack = (held: HeldMessage): void =>
    holdings.settle({ action: "ack", delivery: held.delivery }, (result) => results.push(result));
  return { clock, source, holdings, hold, ack, results, lost, failures };
}

describe("settlements", () => {
  test("of one turn reach the driver together, and each gets its own result", async () => {
    const { source, hold, ack, results } = bench();
    const failure = { error: new Error("no"), lost: false };
    source.onSettle = () => [undefined, failure];
    const [a, b] = [hold("a"), hold("b")];
    ack(a);
    ack(b);
    expect(source.settled).toEqual([]);
    await settled();
    expect(source.settled.map((batch) => batch.map((one) => one.delivery.id))).toEqual([["a", "b"]]);
    expect(results).toEqual([undefined, failure]);
  });

  test("run as many at once as the source allows; what comes meanwhile goes together", async () => {
    const { source, holdings, hold, ack } = bench();
    const ends: (() => void)[] = [];
    source.batches = 1;
    source.onSettle = (batch) => new Promise((resolve) => ends.push(() => resolve(batch.map(() => undefined))));
    ack(hold("a"));
    await settled();
    ack(hold("b"));
    await settled();
    ack(hold("c"));
    await settled();
    expect(source.settled).toHaveLength(1);
    let done = false;
    const all = holdings.settled(live).then(() => {
      done = true;
    });
    ends[0]?.();
    await settled();
    expect(source.settled.map((batch) => batch.length)).toEqual([1, 2]);
    expect(done).toBe(false);
    ends[1]?.();
    await all;
  });

  test("so far are awaited, and not those that follow", async () => {
    const { source, holdings, hold, ack } = bench();
    const ends: (() => void)[] = [];
    source.onSettle = (batch) => new Promise((resolve) => ends.push(() => resolve(batch.map(() => undefined))));
    ack(hold("a"));
    await settled();
    ack(hold("b"));
    let isOver = false;
    const over = holdings.settled(live).then(() => {
      isOver = true;
    });
    await settled();
    ack(hold("c"));
    await settled();
    ends[0]?.();
    await settled();
    expect(isOver).toBe(false);
    ends[1]?.();
    await over;
    expect(ends).toHaveLength(3);
  });

  test("that the driver throws at are still ours", async () => {
    const { source, hold, ack, results } = bench();
    const error = new Error("broken");
    source.onSettle = () => Promise.reject(error);
    ack(hold("a"));
    await settled();
    expect(results).toEqual([{ error, lost: false }]);
  });

  test("that the driver does not report are lost", async () => {
    const { source, hold, ack, results } = bench();
    source.onSettle = () => [];
    ack(hold("a"));
    await settled();
    expect(results).toMatchObject([{ lost: true }]);
  });

  test("of a source that has ended never reach the driver", async () => {
    const { source, holdings, hold, ack, results } = bench();
    const [a, b] = [hold("a"), hold("b")];
    ack(a);
    holdings.end("the connection was lost");
    ack(b);
    await settled();
    expect(source.settled).toEqual([]);
    expect(results).toMatchObject([{ lost: true }, { lost: true }]);
  });
});

describe("held messages", () => {
  test("are lost, with their signal aborted, when the broker took them back", () => {
    const { holdings, hold, lost } = bench();
    const [a, b] = [hold("a"), hold("b")];
    holdings.takenBack([a.delivery, delivery("stranger")]);
    expect(lost).toEqual(["a"]);
    expect([a.state, b.state, holdings.size]).toEqual(["lost", "waiting", 1]);
    expect(a.signal.reason).toMatchObject({ code: "LEASE_LOST" });
  });

  test("are all lost when the source ends, once", () => {
    const { holdings, hold, lost } = bench();
    hold("a");
    hold("b");
    holdings.end("closed");
    holdings.end("closed again");
    expect(new Set(lost)).toEqual(new Set(["a", "b"]));
    expect(lost).toHaveLength(2);
    expect([holdings.size, holdings.alive]).toEqual([0, false]);
  });
});

describe("leases", () => {
  test("are renewed together when half of the shortest one is over", async () => {
    const { clock, source, hold, lost } = bench();
    const renewed: (readonly (string | undefined)[])[] = [];
    source.extend = async (deliveries) => {
      renewed.push(deliveries.map(({ id }) => id));
      return deliveries.map(() => clock.now() + 1_000);
    };
    const a = hold("a", 1_000);
    hold("b", 2_000);
    hold("c");
    await clock.advance(499);
    expect(renewed).toEqual([]);
    await clock.advance(1);
    expect(renewed).toEqual([["a", "b"]]);
    expect(a.leaseUntil).toBe(1_500);
    await clock.advance(10_000);
    expect(renewed.length).toBeGreaterThan(15);
    expect(lost).toEqual([]);
  });

  test("that the broker does not renew lose their message", async () => {
    const { clock, source, hold, lost } = bench();
    source.extend = async () => [undefined, 5_000];
    hold("a", 1_000);
    hold("b", 1_000);
    await clock.advance(500);
    expect(lost).toEqual(["a"]);
  });

  test("that cannot be renewed are tried again, and end by our own clock", async () => {
    const { clock, source, hold, lost, failures } = bench();
    const error = new Error("busy");
    source.extend = () => Promise.reject(error);
    hold("a", 1_000);
    await clock.advance(999);
    expect(failures.length).toBeGreaterThan(2);
    expect(lost).toEqual([]);
    await clock.advance(2);
    expect(lost).toEqual(["a"]);
  });

  test("whose renewal hangs are not renewed a second time meanwhile, and end by our own clock", async () => {
    const { clock, source, hold, lost } = bench();
    let calls = 0;
    source.extend = () => {
      calls += 1;
      return new Promise(() => {});
    };
    hold("a", 1_000);
    await clock.advance(1_001);
    expect(lost).toEqual(["a"]);
    expect(calls).toBe(1);
  });

  test("of settled messages are not renewed, and leave no timer behind once the source has ended", async () => {
    const { clock, source, holdings, hold } = bench();
    let calls = 0;
    source.extend = async (deliveries) => {
      calls += 1;
      return deliveries.map(() => clock.now() + 1_000);
    };
    holdings.drop(hold("a", 1_000));
    await clock.advance(5_000);
    expect(calls).toBe(0);
    hold("b", clock.now() + 1_000);
    holdings.end("closed");
    expect(clock.pending).toBe(0);
  });
});
