import { ids, live, queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { message, testbed } from "./harness.ts";

test("a purge frees what it drops, and a message that comes due later is not there any more", async () => {
  await using it = await testbed();
  const [jobs, events] = [queue("jobs"), topic("events", 60_000)];
  const audit = subscription(events, "audit");
  await it.declare(jobs, events, audit);
  const later = { deliverAt: it.clock.now() + 10 };
  await it.send(jobs, message("a"), message("b"), message("c", later));
  await it.send(events, message("d"), message("e", later));
  const source = await it.open(jobs);
  const [held] = await source.receive(1, live);
  await it.link.purge?.([jobs, events], live);
  // What is held, and what the retention of the topic keeps.
  expect(it.link.native.messages).toBe(2);
  await it.clock.advance(20);
  expect(await it.link.stats(jobs, live)).toEqual({ ready: 0, delayed: 0, inFlight: 1, dead: 0 });
  expect(await it.link.stats(audit, live)).toMatchObject({ ready: 0 });
  if (held !== undefined) await source.settle([{ action: "ack", delivery: held }], live);
  expect(it.link.native.messages).toBe(1);
});

test("a key of an ordered queue whose retry was dropped is free for its next message", async () => {
  await using it = await testbed();
  const orders = queue("orders", true);
  await it.declare(orders);
  await it.send(orders, message("a1", { key: "a" }), message("a2", { key: "a" }));
  const source = await it.open(orders);
  const [first] = await source.receive(1, live);
  if (first === undefined) throw new Error("one was expected");
  await source.settle([{ action: "retry", delivery: first, delay: 1_000, headers: {} }], live);
  expect(await it.link.stats(orders, live)).toMatchObject({ ready: 1, delayed: 1 });
  await it.link.purge?.([orders], live);
  await it.send(orders, message("a3", { key: "a" }));
  expect(ids(await source.receive(10, live))).toEqual(["a3"]);
});
