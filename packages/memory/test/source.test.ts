import { ids, live, queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { LEASE, message, testbed } from "./harness.ts";

const jobs = queue("jobs");

test("a delivery whose lease ended goes to another consumer, and the first consumer is told and cannot settle it", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  await it.send(jobs, message("a"));
  const gone: unknown[] = [];
  const slow = await it.open(jobs, (deliveries) => gone.push(...deliveries));
  const quick = await it.open(jobs);
  const [held] = await slow.receive(1, live);
  expect(held?.leaseUntil).toBe(it.clock.now() + LEASE);
  const next = quick.receive(1, live);
  await it.clock.advance(LEASE - 1);
  expect(gone).toEqual([]);
  await it.clock.advance(1);
  expect(gone).toEqual([held]);
  const again = await next;
  expect(again).toMatchObject([{ id: "a", deliveries: 1 }]);
  if (held === undefined) throw new Error("no message was delivered");
  expect(await slow.settle([{ action: "ack", delivery: held }], live)).toMatchObject([{ lost: true }]);
  expect(await slow.extend?.([held], live)).toEqual([undefined]);
  expect(await it.link.stats(jobs, live)).toMatchObject({ ready: 0, inFlight: 1 });
});

test("extend renews a lease for its whole length from now on", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  await it.send(jobs, message("a"), message("b"));
  const gone: (string | undefined)[] = [];
  const source = await it.open(jobs, (deliveries) => gone.push(...ids(deliveries)));
  const [a, b] = await source.receive(2, live);
  if (a === undefined || b === undefined) throw new Error("two were expected");
  await it.clock.advance(LEASE - 10);
  expect(await source.extend?.([a], live)).toEqual([it.clock.now() + LEASE]);
  expect(a.leaseUntil).toBe(it.clock.now() + LEASE);
  await it.clock.advance(LEASE - 1);
  expect(gone).toEqual(["b"]);
  expect(await source.settle([{ action: "ack", delivery: a }], live)).toEqual([undefined]);
});

test("deliveries count unless they were released, and a retry counts from 0 again", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  await it.send(jobs, message("a"));
  const source = await it.open(jobs);
  const take = async () => {
    const [delivery] = await source.receive(1, live);
    if (delivery === undefined) throw new Error("no message was delivered");
    return delivery;
  };
  const first = await take();
  expect(first.deliveries).toBe(0);
  await source.settle([{ action: "release", delivery: first }], live);
  expect((await take()).deliveries).toBe(0);
  await it.clock.advance(LEASE);
  const third = await take();
  expect(third.deliveries).toBe(1);
  await source.settle([{ action: "retry", delivery: third, delay: 0, headers: { "anybroker-attempt": "1" } }], live);
  const fourth = await take();
  expect(fourth).toMatchObject({ deliveries: 0, headers: { "anybroker-attempt": "1" } });
});

test("a link that breaks gives back at once everything it held, in order, and the deliveries count", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const other = await it.connect();
  const dying = await other.open(jobs, { window: 10 }, () => {}, live);
  await it.send(jobs, message("a"), message("b"), message("c"));
  expect(ids(await dying.receive(2, live))).toEqual(["a", "b"]);
  await other.close(live);
  const source = await it.open(jobs);
  expect(await source.receive(10, live)).toMatchObject([
    { id: "a", deliveries: 1 },
    { id: "b", deliveries: 1 },
    { id: "c", deliveries: 0 },
  ]);
  expect(await dying.receive(1, live)).toEqual([]);
});

test("two links may have different leases", async () => {
  await using it = await testbed();
  const pages = topic("pages");
  const index = subscription(pages, "index");
  await it.declare(pages, index);
  const hasty = await it.connect({ lease: 1_000 });
  const gone: string[] = [];
  const [long, short] = [
    await it.open(index, () => gone.push("long")),
    await hasty.open(index, { window: 1 }, () => gone.push("short"), live),
  ];
  await it.send(pages, message("a"), message("b"));
  await long.receive(1, live);
  await short.receive(1, live);
  await it.clock.advance(1_000);
  expect(gone).toEqual(["short"]);
  await it.clock.advance(LEASE);
  expect(gone).toEqual(["short", "long"]);
});
