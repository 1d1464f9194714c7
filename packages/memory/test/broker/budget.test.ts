import { live, queue, subscription, topic } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { classify } from "../../src/errors.ts";
import { message, testbed } from "../harness.ts";

const jobs = queue("jobs");

test("a full instance refuses sends with BACKPRESSURE, and accepts again when there is room", async () => {
  await using it = await testbed({ maxMessages: 2 });
  await it.declare(jobs);
  const results = await it.send(jobs, message("a"), message("b"), message("c"));
  expect(results.slice(0, 2)).toEqual([undefined, undefined]);
  expect(results[2]?.outcomeUnknown).toBe(false);
  expect(classify(results[2]?.error)).toEqual({ code: "BACKPRESSURE", retryable: true });
  const source = await it.open(jobs);
  const [delivery] = await source.receive(1, live);
  if (delivery === undefined) throw new Error("no message was delivered");
  await source.settle([{ action: "ack", delivery }], live);
  expect(await it.send(jobs, message("c"))).toEqual([undefined]);
});

test("bodies and headers count as bytes, and a publish stores all its copies or none", async () => {
  await using it = await testbed({ maxBytes: 25 });
  const news = topic("news");
  await it.declare(news, subscription(news, "a"), subscription(news, "b"));
  const ten = message("ten", { body: new Uint8Array(8), headers: { h: "v" } });
  expect(await it.send(news, ten)).toEqual([undefined]);
  expect(it.link.native).toMatchObject({ messages: 2, bytes: 20 });
  const [failure] = await it.send(news, message("x", { body: new Uint8Array(3) }));
  expect(classify(failure?.error).code).toBe("BACKPRESSURE");
  expect(it.link.native).toMatchObject({ messages: 2, bytes: 20 });
  expect((await it.link.health(live)).degraded).toBe(undefined);
  expect(await it.send(news, message("y", { body: new Uint8Array(2) }))).toEqual([undefined]);
  expect((await it.link.health(live)).degraded).toBe("96 % full");
});

test("nothing counts any more once everything is settled, removed or deleted", async () => {
  await using it = await testbed();
  const news = topic("news", 1_000);
  const reader = subscription(news, "reader");
  await it.declare(jobs, news, reader, subscription(news, "idle"));
  const later = it.clock.now() + 500;
  await it.send(jobs, message("a"), message("b", { deliverAt: later }), message("c"), message("d"));
  await it.send(news, message("n"), message("m", { deliverAt: later }));
  const source = await it.open(jobs);
  const [a, c, d] = await source.receive(3, live);
  if (a === undefined || c === undefined || d === undefined) throw new Error("three were expected");
  const headers = { "anybroker-attempt": "1" };
  await source.settle(
    [
      { action: "ack", delivery: a },
      { action: "retry", delivery: c, delay: 0, headers },
      { action: "deadLetter", delivery: d, headers },
    ],
    live,
  );
  await it.clock.advance(500);
  const rest = await source.receive(3, live);
  await source.settle(
    rest.map((delivery) => ({ action: "ack", delivery })),
    live,
  );
  await it.link.deadLetters(jobs).remove({ all: true }, live);
  expect(await it.link.stats(jobs, live)).toEqual({ ready: 0, delayed: 0, inFlight: 0, dead: 0 });
  // Of each of two messages: two copies, and the one that the topic keeps.
  expect(it.link.native.messages).toBe(6);
  expect(it.link.native.delete("topic", "news")).toBe(true);
  expect(it.link.native).toMatchObject({ messages: 0, bytes: 0 });
});

test("a body beyond the limit is refused", async () => {
  await using it = await testbed();
  await it.declare(jobs);
  const [failure] = await it.send(jobs, message("a", { body: new Uint8Array(1_048_577) }));
  expect(classify(failure?.error)).toEqual({ code: "TOO_LARGE", retryable: false });
});
