import type { Delivery, Source } from "@anybroker/core/driver";
import { ids, live, queue } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { LEASE, message, testbed } from "../harness.ts";

const orders = queue("orders", true);
const keyed = (key: string, ...numbers: readonly number[]) => numbers.map((n) => message(`${key}${n}`, { key }));
const now = new AbortController();
now.abort();

/** The deliveries that the source gets without waiting. */
async function grab(source: Source, max: number): Promise<readonly Delivery[]> {
  const answer = source.receive(max, live);
  if (!(answer instanceof Promise)) return answer;
  // There are none, so this ends the wait.
  await source.close(live);
  return answer;
}

test("a key is with one consumer at a time, in order, and others get the other keys", async () => {
  await using it = await testbed();
  await it.declare(orders);
  await it.send(orders, ...keyed("a", 1, 2, 3), ...keyed("b", 1, 2));
  const [one, two] = [await it.open(orders), await it.open(orders)];
  const [a1] = await one.receive(1, live);
  expect(a1?.id).toBe("a1");
  expect(ids(await two.receive(10, live))).toEqual(["b1", "b2"]);
  const waiting = two.receive(10, live);
  expect(ids(await one.receive(1, live))).toEqual(["a2"]);
  if (a1 === undefined) throw new Error("a1 was expected");
  await one.settle([{ action: "ack", delivery: a1 }], live);
  expect(ids(await one.receive(10, live))).toEqual(["a3"]);
  await one.close(live);
  expect(ids(await waiting)).toEqual(["a2", "a3"]);
});

test("a message that was given back is not overtaken by a later one of its key", async () => {
  await using it = await testbed();
  await it.declare(orders);
  await it.send(orders, ...keyed("a", 1, 2, 3, 4));
  const [one, two] = [await it.open(orders), await it.open(orders)];
  const [a1, a2, a3] = await one.receive(3, live);
  if (a1 === undefined || a2 === undefined || a3 === undefined) throw new Error("three were expected");
  await one.settle([{ action: "release", delivery: a2 }], live);
  const next = two.receive(10, live);
  await one.settle([{ action: "ack", delivery: a1 }], live);
  expect(await it.link.stats(orders, live)).toMatchObject({ ready: 2, inFlight: 1 });
  await one.settle([{ action: "release", delivery: a3 }], live);
  expect(ids(await next)).toEqual(["a2", "a3", "a4"]);
});

test("when the lease of one message ends, all messages of its key are lost", async () => {
  await using it = await testbed();
  await it.declare(orders);
  await it.send(orders, ...keyed("a", 1, 2), ...keyed("b", 1));
  const gone: (string | undefined)[] = [];
  const one = await it.open(orders, (deliveries) => gone.push(...ids(deliveries)));
  const held = await one.receive(3, live);
  await it.clock.advance(LEASE / 2);
  await one.extend?.(
    held.filter(({ id }) => id !== "a1"),
    live,
  );
  const two = await it.open(orders);
  const next = two.receive(10, live);
  await it.clock.advance(LEASE / 2);
  expect(new Set(gone)).toEqual(new Set(["a1", "a2"]));
  expect(ids(await next)).toEqual(["a1", "a2"]);
});

test("a retry keeps its place and holds up its own key only", async () => {
  await using it = await testbed();
  await it.declare(orders);
  await it.send(orders, ...keyed("a", 1, 2), ...keyed("b", 1));
  const source = await it.open(orders);
  const [a1] = await source.receive(1, live);
  if (a1 === undefined) throw new Error("a1 was expected");
  await source.settle([{ action: "retry", delivery: a1, delay: 500, headers: {} }], live);
  expect(await it.link.stats(orders, live)).toMatchObject({ ready: 2, delayed: 1, inFlight: 0 });
  expect(ids(await source.receive(10, live))).toEqual(["b1"]);
  const next = source.receive(10, live);
  await it.clock.advance(500);
  expect(ids(await next)).toEqual(["a1", "a2"]);
});

test("messages without a key share one", async () => {
  await using it = await testbed();
  await it.declare(orders);
  await it.send(orders, message("x"), message("y"));
  const [one, two] = [await it.open(orders), await it.open(orders)];
  expect(ids(await one.receive(1, live))).toEqual(["x"]);
  expect(await grab(two, 1)).toEqual([]);
  expect(ids(await one.receive(1, live))).toEqual(["y"]);
});

test("once a message of a key is refused, later messages of that key in the batch are refused too", async () => {
  await using it = await testbed({ maxBytes: 10 });
  await it.declare(orders);
  const big = message("big", { key: "a", body: new Uint8Array(11) });
  const results = await it.send(orders, ...keyed("a", 1), big, ...keyed("a", 2), ...keyed("b", 1));
  expect(results.map((failure) => failure === undefined)).toEqual([true, false, false, true]);
});

test("whatever consumers do, no key is with two of them, and each key is handled in order", async () => {
  await using it = await testbed();
  await it.declare(orders);
  // A fixed linear congruential generator, so that a failure can be repeated.
  let state = 7;
  const below = (limit: number) => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return Math.floor((state / 2_147_483_648) * limit);
  };
  const keys = ["a", "b", "c", "d"];
  const done = new Map(keys.map((key) => [key, 0]));
  for (let n = 1; n <= 50; n += 1) await it.send(orders, ...keys.flatMap((key) => keyed(key, n)));
  const sources = [await it.open(orders), await it.open(orders), await it.open(orders)];
  const held: Delivery[][] = [[], [], []];
  for (let step = 0; step < 20_000 && (await it.link.stats(orders, live)).ready !== 0; step += 1) {
    const at = below(3);
    const [source, mine] = [sources[at], held[at]];
    if (source === undefined || mine === undefined) throw new Error("three sources were expected");
    const answer = below(2) === 0 ? source.receive(1 + below(4), live) : [];
    if (answer instanceof Promise) {
      // There is nothing for this source now. What it holds goes back, because other sources may be waiting for it.
      await source.close(live);
      sources[at] = await it.open(orders);
      held[at] = [];
      continue;
    }
    mine.push(...answer);
    for (const [other, theirs] of held.entries()) {
      if (other !== at) expect(theirs.some(({ key }) => mine.some((delivery) => delivery.key === key))).toBe(false);
    }
    const oldest = mine[0];
    if (oldest === undefined || below(3) === 0) continue;
    if (below(3) === 0) {
      await source.settle(
        mine.map((delivery) => ({ action: "release" as const, delivery })),
        live,
      );
      held[at] = [];
      continue;
    }
    mine.shift();
    const key = oldest.key ?? "";
    const number = (done.get(key) ?? 0) + 1;
    expect(oldest.id).toBe(`${key}${number}`);
    done.set(key, number);
    await source.settle([{ action: "ack", delivery: oldest }], live);
  }
  expect(it.link.native.messages).toBe(held.flat().length);
  expect([...done.values()].reduce((sum, n) => sum + n) + held.flat().length).toBe(200);
});
