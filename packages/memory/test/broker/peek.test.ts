import { expect, test } from "vitest";
import { connect, MemoryError, manualClock, memory } from "../../src/index.ts";

const retry = { backoff: { initial: 60_000, jitter: 0 } };

test("what is in a queue can be looked at without consuming it: ready, in flight, delayed and to be retried", async () => {
  const clock = manualClock(1_000_000);
  await using broker = await connect(memory(), { clock });
  const emails = broker.queue<{ to: string }>("emails");
  const raw = new TextEncoder().encode("ä not JSON");
  await broker.queue("raw", { codec: { contentType: "text/plain", encode: () => raw, decode: String } }).send("");
  await emails.send({ to: "later" }, { delay: 5_000 });
  await emails.send({ to: "soon" }, { delay: 500 });
  await emails.send({ to: "ada" }, { id: "1", key: "k", headers: { tenant: "a" } });
  const look = broker.native;
  expect(look?.peek("queue", "raw")).toMatchObject([{ json: undefined, body: raw, contentType: "text/plain" }]);
  expect(look?.peek("queue", "emails")).toMatchObject([
    { id: "1", key: "k", headers: { tenant: "a" }, json: { to: "ada" }, due: undefined },
    { json: { to: "soon" }, due: 1_000_500 },
    { json: { to: "later" }, due: 1_005_000 },
  ]);
  expect(await emails.stats()).toMatchObject({ ready: 1, delayed: 2 });
  look?.peek("queue", "emails")[0]?.body.fill(0);
  expect(look?.peek("queue", "emails")[0]?.json).toEqual({ to: "ada" });

  const hanging = Promise.withResolvers<void>();
  const consumer = await emails.consume(() => hanging.promise, { retry, onError: () => {} });
  await clock.advance(0);
  expect(await emails.stats()).toMatchObject({ ready: 0, inFlight: 1 });
  expect(look?.peek("queue", "emails")).toHaveLength(3);
  hanging.reject(new Error("not yet"));
  await clock.idle();
  expect(look?.peek("queue", "emails").map(({ json, due }) => [json, due])).toEqual([
    [{ to: "soon" }, 1_000_500],
    [{ to: "later" }, 1_005_000],
    [{ to: "ada" }, 1_060_000],
  ]);
  await consumer.close();
  expect(look?.peek("queue", "none")).toEqual([]);
});

test("an ordered queue shows what waits behind a retry, in order", async () => {
  const clock = manualClock(0);
  await using broker = await connect(memory(), { clock });
  const jobs = broker.queue<string>("jobs", { ordered: true });
  for (const body of ["a", "b", "c"]) await jobs.send(body, { key: body === "c" ? "other" : "k" });
  expect(broker.native?.peek("queue", "jobs").map(({ json }) => json)).toEqual(["a", "b", "c"]);
  await jobs.consume(
    () => {
      throw new Error("not yet");
    },
    { retry, onError: () => {} },
  );
  await clock.idle();
  expect(broker.native?.peek("queue", "jobs").map(({ json, due }) => [json, due])).toEqual([
    ["a", 60_000],
    ["b", undefined],
    ["c", 60_000],
  ]);
});

test("what was published can be looked at, even without a subscription and after it was handled", async () => {
  const clock = manualClock(0);
  await using broker = await connect(memory(), { clock });
  const signups = broker.topic<{ id: number }>("signups");
  await signups.publish({ id: 1 }, { key: "1" });
  const consumer = await signups.subscribe("mail", () => {});
  await signups.publish({ id: 2 });
  await signups.publish({ id: 3 }, { delay: 700 });
  await clock.idle();
  expect(broker.native?.published("signups")).toMatchObject([
    { json: { id: 1 }, key: "1", due: undefined },
    { json: { id: 2 } },
    { json: { id: 3 }, due: 700 },
  ]);
  expect(broker.native?.peek("subscription", "signups.sub.mail")).toEqual([]);
  expect(broker.native?.published("none")).toEqual([]);
  await clock.advance(700);
  expect(broker.native?.published("signups")).toHaveLength(3);
  await consumer.close();
  await broker.delete({ topics: { signups: {} } });
  expect(broker.native?.published("signups")).toEqual([]);
});

test("with the system clock nothing that was published is remembered, and looking for it throws", async () => {
  await using broker = await connect(memory());
  await broker.topic("signups").publish(1);
  expect(() => broker.native?.published("signups")).toThrow(MemoryError);
});
