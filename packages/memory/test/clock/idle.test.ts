import { setTimeout } from "node:timers/promises";
import { expect, test } from "vitest";
import { connect, manualClock, memory } from "../../src/index.ts";

const retry = { backoff: { initial: 60_000, jitter: 0 } };

test("idle waits for handlers that wait for real time, and for everything that they send", async () => {
  const clock = manualClock();
  await using broker = await connect(memory(), { clock });
  const [first, second, third] = ["first", "second", "third"].map((name) => broker.queue<number>(name));
  if (first === undefined || second === undefined || third === undefined) throw new Error("unreachable");
  const ended: string[] = [];
  await first.consume(async (message) => {
    // A handler that has settled its message still runs.
    await message.ack();
    await setTimeout(20);
    await second.send(message.body);
    ended.push(`first ${message.body}`);
  });
  await second.consume(async ({ body }) => {
    await new Promise(setImmediate);
    await third.send(body);
  });
  await third.consume(
    async ({ body }) => {
      await setTimeout(10);
      ended.push(`third ${body}`);
    },
    { concurrency: 1, prefetch: 1 },
  );
  for (let body = 1; body <= 3; body += 1) void first.send(body);
  await clock.idle();
  expect(ended.toSorted()).toEqual(["first 1", "first 2", "first 3", "third 1", "third 2", "third 3"]);
  for (const queue of [first, second, third]) expect(await queue.stats()).toMatchObject({ ready: 0, inFlight: 0 });
});

test("idle waits for a long chain of messages, on queues and topics, also through messages that no handler sees", async () => {
  const clock = manualClock();
  await using broker = await connect(memory(), { clock });
  const chain = broker.topic<number>("chain");
  const hops = broker.queue<number>("hops");
  let handled = 0;
  await chain.subscribe(
    "next",
    async ({ body }) => {
      handled += 1;
      if (body > 0) await hops.send(body - 1);
    },
    { concurrency: 1, prefetch: 1 },
  );
  await hops.consume(
    async ({ body }) => {
      handled += 1;
      if (body > 0) await chain.publish(body - 1);
    },
    { concurrency: 1, prefetch: 1 },
  );
  await chain.publish(200);
  await clock.idle();
  expect(handled).toBe(201);

  const late = broker.queue<string>("late");
  for (let count = 0; count < 50; count += 1) await late.send("expired", { ttl: 1 });
  await clock.advance(10);
  await late.send("alive");
  const seen: string[] = [];
  void late.consume(({ body }) => void seen.push(body), { concurrency: 1, prefetch: 1 });
  await clock.idle();
  expect(seen).toEqual(["alive"]);
});

test("idle does not wait for retries, delays or batches that wait for a later time, and runs what is due", async () => {
  const clock = manualClock(0);
  await using broker = await connect(memory(), { clock });
  const failing = broker.queue<string>("failing");
  const ordered = broker.queue<string>("ordered", { ordered: true });
  const batches = broker.queue<string>("batches");
  const attempts: string[] = [];
  const fail = ({ body, attempt }: { readonly body: string; readonly attempt: number }): void => {
    attempts.push(`${body} ${attempt}`);
    throw new Error("not yet");
  };
  await failing.consume(fail, { retry, onError: () => {} });
  await ordered.consume(fail, { retry, onError: () => {} });
  await batches.consumeBatch(async (messages) => void attempts.push(`batch of ${messages.length}`), {
    max: 5,
    wait: 500,
  });
  await failing.send("plain");
  await failing.send("delayed", { delay: 1_000 });
  await ordered.send("keyed", { key: "k" });
  await ordered.send("behind", { key: "k" });
  await batches.send("one");
  await clock.idle();
  expect(attempts.toSorted()).toEqual(["keyed 1", "plain 1"]);
  expect(clock.now()).toBe(0);
  const atOnce = Promise.withResolvers<void>();
  clock.after(0, atOnce.resolve);
  await clock.idle();
  await atOnce.promise;
  await clock.advance(1_000);
  await clock.idle();
  expect(attempts.toSorted()).toEqual(["batch of 1", "delayed 1", "keyed 1", "plain 1"]);
});

test("idle resolves for every caller, at once without handlers, and when a consumer is paused or closed", async () => {
  const clock = manualClock();
  await clock.idle();
  await using broker = await connect(memory(), { clock });
  const jobs = broker.queue<string>("jobs");
  await jobs.send("waits for a consumer");
  await clock.idle();
  const running = Promise.withResolvers<void>();
  const consumer = await jobs.consume(() => running.promise);
  const order: string[] = [];
  const both = Promise.all([clock.idle(), clock.idle()]).then(() => order.push("idle"));
  await clock.advance(1_000);
  await consumer.pause();
  await jobs.send("waits for the end of the pause");
  await clock.advance(1_000);
  order.push("returns");
  running.resolve();
  await both;
  expect(order).toEqual(["returns", "idle"]);
  expect(await jobs.stats()).toMatchObject({ ready: 1, inFlight: 0 });
});
