import { ids, live, queue } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { message, testbed } from "../harness.ts";

const jobs = queue("jobs");

test("higher priority goes first, in order of arrival within each, and messages that were given back go to their old place", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const at = (priority: number, ...names: string[]) => names.map((name) => message(name, { priority }));
  await it.send(jobs, ...at(0, "low"), message("usual"), ...at(9, "top1", "top2", "top3"), ...at(5, "high"));
  const source = await it.open(jobs);
  const [top1, top2] = await source.receive(2, live);
  if (top1 === undefined || top2 === undefined) throw new Error("two were expected");
  await source.settle(
    [
      { action: "release", delivery: top2 },
      { action: "release", delivery: top1 },
    ],
    live,
  );
  expect(ids(await source.receive(10, live))).toEqual(["top1", "top2", "top3", "high", "usual", "low"]);
});

test("a delayed message is delivered when it is due, to the millisecond", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const start = it.clock.now();
  await it.send(jobs, message("later", { deliverAt: start + 20 }), message("soon", { deliverAt: start + 10 }));
  const source = await it.open(jobs);
  const first = source.receive(5, live);
  await it.clock.advance(9);
  expect(await it.link.stats(jobs, live)).toMatchObject({ ready: 0, delayed: 2 });
  await it.clock.advance(1);
  expect(ids(await first)).toEqual(["soon"]);
  const second = source.receive(5, live);
  await it.clock.advance(10);
  expect(ids(await second)).toEqual(["later"]);
});

test("messages that came due while no link was open are ready when the next one opens", async () => {
  await using it = await testbed({ name: "nobody-there" });
  await it.declare(jobs);
  await it.send(jobs, message("a", { deliverAt: it.clock.now() + 10 }));
  await it.link.close(live);
  await it.clock.advance(10);
  const link = await it.connect();
  expect(await link.stats(jobs, live)).toMatchObject({ ready: 1, delayed: 0 });
});

test("receive returns as soon as there is a message, shares messages among the sources that wait, and ends at once on abort", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const [one, two] = [await it.open(jobs), await it.open(jobs)];
  const waits = [one.receive(10, live), two.receive(10, live)];
  await it.send(jobs, message("a"), message("b"), message("c"));
  expect((await Promise.all(waits.map(async (wait) => await wait))).map(ids)).toEqual([["a", "b"], ["c"]]);
  const abort = new AbortController();
  const wait = one.receive(1, abort.signal);
  abort.abort();
  expect(await wait).toEqual([]);
  expect(await one.receive(1, abort.signal)).toEqual([]);
});

test("receive returns nothing after about a second of real time", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const source = await it.open(jobs);
  expect(await source.receive(1, live)).toEqual([]);
});

test("a paused source receives nothing until it is resumed", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const source = await it.open(jobs);
  const waiting = source.receive(1, live);
  await source.pause(live);
  await it.send(jobs, message("a"));
  expect(await it.link.stats(jobs, live)).toMatchObject({ ready: 1 });
  await source.resume(live);
  expect(ids(await waiting)).toEqual(["a"]);
});

test("a backlog larger than the first capacity of a buffer keeps its order", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const source = await it.open(jobs);
  const seen: (string | undefined)[] = [];
  let sent = 0;
  for (let round = 0; round < 50; round += 1) {
    await it.send(jobs, ...Array.from({ length: 60 }, () => message(String(sent++))));
    const some = await source.receive(round < 40 ? 7 : 400, live);
    seen.push(...ids(some));
    await source.settle(
      some.map((delivery) => ({ action: "ack", delivery })),
      live,
    );
  }
  expect(seen).toEqual(Array.from({ length: 3_000 }, (_, index) => String(index)));
});

test("dead letters are listed in pages, replayed to their queue, and removed by id", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  await it.send(jobs, ...["a", "b", "c", "d", "e"].map((id) => message(id)));
  const source = await it.open(jobs);
  const deliveries = await source.receive(5, live);
  const headers = { "anybroker-dead-reason": "no" };
  await source.settle(
    deliveries.map((delivery) => ({ action: "deadLetter", delivery, headers })),
    live,
  );
  const store = it.link.deadLetters(jobs);
  const first = await store.list(2, undefined, live);
  expect(first).toMatchObject([
    { id: "a", headers },
    { id: "b", headers },
  ]);
  const [{ deadLetterId: a } = { deadLetterId: "" }, { deadLetterId: b } = { deadLetterId: "" }] = first;
  expect(await store.remove({ ids: [b, b, "unknown"] }, live)).toBe(1);
  expect(ids(await store.list(2, b, live))).toEqual(["c", "d"]);
  expect(await store.replay({ ids: [a] }, { "anybroker-dead-reason": undefined }, live)).toBe(1);
  expect(await source.receive(5, live)).toMatchObject([{ id: "a", deliveries: 0 }]);
  expect(ids(await store.list(10, a, live))).toEqual(["c", "d", "e"]);
  expect(await store.replay({ all: true }, {}, live)).toBe(3);
  expect(await store.count(live)).toBe(0);
});
