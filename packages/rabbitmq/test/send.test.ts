import type { Delivery, SendFailure } from "@anybroker/core/driver";
import {
  declared,
  ids,
  live,
  message,
  queue,
  reading,
  sent,
  settle,
  subscription,
  take,
  takeOne,
  topic,
} from "@anybroker-internal/testkit/link";
import { expect, onTestFinished, test } from "vitest";
import { rabbitmq } from "../src/index.ts";
import { open, plain, server, unique } from "./harness.ts";

const driver = rabbitmq({ url: "amqp://127.0.0.1" });

const classified = (fate: SendFailure | "accepted" | undefined) =>
  typeof fate === "object" ? driver.classify(fate.error) : fate;

test("each message of a batch is reported once, in any order, and an empty batch ends at once", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const batch = Array.from({ length: 2_000 }, (_, index) => message(`m${index}`));
  expect(new Set(await sent(link, entity, batch))).toEqual(new Set(["accepted"]));
  expect(await sent(link, entity, [])).toEqual([]);
  expect(await link.stats(entity, live)).toMatchObject({ ready: 2_000, delayed: 0, dead: 0 });
});

test("a send to a missing queue names the queue, and does not disturb sends to other queues", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const missing = unique("missing");
  const [good, bad] = await Promise.all([
    sent(
      link,
      entity,
      Array.from({ length: 300 }, (_, index) => message(`m${index}`)),
    ),
    sent(link, queue(missing), [message("same"), message("same"), message("other")]),
  ]);
  expect(new Set(good)).toEqual(new Set(["accepted"]));
  for (const fate of bad)
    expect(fate).toMatchObject({ error: { code: "NOT_FOUND", message: `there is no queue ${missing}` } });
  expect(bad[2]).toMatchObject({ outcomeUnknown: false });
});

test("a missing exchange affects its own topic only", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  const there = topic(unique("topic"));
  await declared(link, entity);
  await link.declare([there], "create", live);
  const many = Array.from({ length: 300 }, (_, index) => message(`m${index}`));
  const [queued, published, [lost]] = await Promise.all([
    sent(link, entity, many),
    sent(link, there, many),
    sent(link, topic(unique("missing")), [message("m")]),
  ]);
  expect(new Set([...queued, ...published])).toEqual(new Set(["accepted"]));
  expect(lost).toMatchObject({ error: { code: 404 }, outcomeUnknown: false });
  // Once the exchange exists, the topic works.
  const late = topic(unique("late"));
  expect(await sent(link, late, [message("m")])).toMatchObject([{ error: { code: 404 } }]);
  await link.declare([late], "create", live);
  expect(await sent(link, late, [message("m")])).toEqual(["accepted"]);
});

test("a publish that no filter matches is one that no subscription gets, even among others of the same id", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  await declared(link, subscription(parent, "eu", { filter: { region: ["eu"] } }));
  const unrouted: string[] = [];
  const from = (region: string, id: string) => message(id, { headers: { region } });
  const asked = (region: string, id: string) =>
    message(id, { headers: { region }, onUnrouted: () => void unrouted.push(id) });
  const batch = [from("asia", "a"), asked("asia", "a"), asked("eu", "b"), from("asia", "b"), asked("asia", "c")];
  expect(await sent(link, parent, batch)).toEqual(batch.map(() => "accepted"));
  expect(unrouted).toEqual(["a", "c"]);
});

test("a message that amqplib cannot encode fails alone, and nothing of it is sent", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const fates = await sent(link, entity, [
    message("a"),
    message("huge", { headers: { a: "x".repeat(70_000) } }),
    message("long", { type: "x".repeat(300) }),
    message("b"),
  ]);
  expect(fates).toMatchObject(["accepted", { outcomeUnknown: false }, { outcomeUnknown: false }, "accepted"]);
  for (const fate of fates.slice(1, 3)) expect(classified(fate)).toEqual({ code: "TOO_LARGE", retryable: false });
});

test("a body at the server's limit is accepted, a larger one fails, and messages sent with it can be retried", {
  timeout: 60_000,
}, async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const limit = link.server.capabilities.limits?.body ?? 0;
  expect(limit).toBe((server.major < 4 ? 128 : 16) * 1_048_576);
  if (server.major >= 4)
    expect(await sent(link, entity, [message("most", { body: Buffer.alloc(limit) })])).toEqual(["accepted"]);
  expect(await sent(link, entity, [message("twenty", { body: Buffer.alloc(20 * 1_048_576) })])).toMatchObject([
    server.major < 4 ? expect.anything() : { outcomeUnknown: false },
  ]);
  const [large, small] = await sent(link, entity, [
    message("above", { body: Buffer.alloc(limit + 1) }),
    message("small"),
  ]);
  expect(classified(large)).toEqual({ code: "TOO_LARGE", retryable: false });
  expect(large).toMatchObject({ outcomeUnknown: false });
  // It was written after the large one on the same channel, so the server may never have read it.
  expect(classified(small)).toEqual({ code: "UNAVAILABLE", retryable: true });
  expect(small).toMatchObject({ outcomeUnknown: true });
  expect(await sent(link, entity, [message("after")])).toEqual(["accepted"]);
});

test("when the connection is lost every send ends: the outcome is unknown only of what was written", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  expect(await sent(link, entity, [message("first")])).toEqual(["accepted"]);
  const sending = sent(
    link,
    entity,
    Array.from({ length: 5_000 }, (_, index) => message(`m${index}`)),
  );
  await new Promise((resolve) => setImmediate(resolve));
  await link.close(AbortSignal.abort(new Error("enough"))).catch(() => {});
  await link.lost;
  const fates = await sending;
  expect(new Set(fates.map((fate) => fate === "accepted" || fate.outcomeUnknown))).toContain(true);
  expect(await sent(link, entity, [message("late")])).toMatchObject([{ outcomeUnknown: false }]);
  for (const fate of fates) {
    if (fate !== "accepted") expect(classified(fate)).toEqual({ code: "UNAVAILABLE", retryable: true });
  }
});

test("a send ends when its signal aborts", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const signal = AbortSignal.abort(new Error("enough"));
  expect(await sent(link, entity, [message("m")], signal)).toMatchObject([{ outcomeUnknown: false }]);
});

test("a delayed message takes one delay step after the other until it is due", { timeout: 20_000 }, async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const deliverAt = Date.now() + 1_100;
  const headers = { "anybroker-not-before": String(deliverAt) };
  await sent(link, entity, [message("later", { deliverAt, headers }), message("now", { deliverAt: Date.now() - 5 })]);
  const source = await reading(link, entity);
  expect((await takeOne(source)).id).toBe("now");
  for (;;) {
    const delivery = await takeOne(source);
    expect({ ...delivery.headers }).toEqual(headers);
    const delay = deliverAt - Date.now();
    if (delay <= 0) break;
    expect(await settle(source, { action: "retry", delivery, delay, headers })).toEqual([undefined]);
  }
  expect(Date.now() - deliverAt).toBeGreaterThanOrEqual(0);
  expect(Date.now() - deliverAt).toBeLessThan(1_000);
});

test("a delay step that was deleted is created again", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const later = () => sent(link, entity, [message("m", { deliverAt: Date.now() + 200 })]);
  expect(await later()).toEqual(["accepted"]);
  await (await plain()).deleteQueue(`${entity.name}.delay.250`);
  expect(await later()).toMatchObject([{ error: { code: "NOT_FOUND" } }]);
  expect(await later()).toEqual(["accepted"]);
});

test("without the right to create, a delay uses the steps that exist, and names a missing one", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  await sent(link, entity, [message("m", { deliverAt: Date.now() + 200 })]);
  const other = await open({}, { topology: "none" });
  expect(await sent(other, entity, [message("m", { deliverAt: Date.now() + 200 })])).toEqual(["accepted"]);
  expect(await sent(other, entity, [message("m", { deliverAt: Date.now() + 1_200 })])).toMatchObject([
    { error: { code: "NOT_FOUND", message: `there is no queue ${entity.name}.delay.1000` } },
  ]);
});

test("a delayed publish reaches its topic when it is due, with its routing key, and one without a subscription blocks no other", {
  timeout: 30_000,
}, async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  await link.declare([parent], "create", live);
  const soon = () => Date.now() + 200;
  const forNobody = Array.from({ length: 100 }, (_, index) => message(`n${index}`, { deliverAt: soon() }));
  expect(new Set(await sent(link, parent, forNobody))).toEqual(new Set(["accepted"]));
  const channel = await plain();
  await expect.poll(async () => (await channel.checkQueue(`${parent.name}.delay.250`)).messageCount).toBe(0);
  const entity = subscription(parent, "s");
  await link.declare([entity], "create", live);
  const since = Date.now();
  await sent(link, parent, [message("m", { deliverAt: since + 900, type: "a.b" }), message("now")]);
  const source = await reading(link, entity, { window: 200 });
  // The last messages that left the delay step may reach the topic when the subscription exists.
  const next = async (): Promise<Delivery> => {
    const delivery = await takeOne(source);
    return /^n\d/.test(delivery.id ?? "") ? next() : delivery;
  };
  expect((await next()).id).toBe("now");
  const delivery = await next();
  expect(delivery).toMatchObject({ id: "m", native: { fields: { routingKey: "a.b" } } });
  expect({ ...delivery.headers }).toEqual({});
  expect(Date.now() - since).toBeGreaterThanOrEqual(900);
});

test("the routing key is the type, else the key, or what the option says", async () => {
  const [plainly, byKey, byFunction] = [unique("topic"), unique("topic"), unique("topic")];
  const link = await open({
    exchanges: { [byKey]: { routingKey: "key" }, [byFunction]: { routingKey: ({ id, type }) => `${id}.${type}` } },
  });
  const channel = await plain();
  const keys = async (name: string) => {
    await link.declare([topic(name)], "create", live);
    const { queue: mine } = await channel.assertQueue("", { exclusive: true });
    await channel.bindQueue(mine, name, "#");
    await sent(link, topic(name), [message("a", { type: "t", key: "k" }), message("b", { key: "k" }), message("c")]);
    const got = [await channel.get(mine), await channel.get(mine), await channel.get(mine)];
    return got.map((one) => one !== false && one.fields.routingKey);
  };
  expect(await keys(plainly)).toEqual(["t", "k", ""]);
  expect(await keys(byKey)).toEqual(["k", "k", ""]);
  expect(await keys(byFunction)).toEqual(["a.t", "b.undefined", "c.undefined"]);
});

test("bodies as large as a frame and larger arrive unchanged", async () => {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  const sizes = [0, 1, 2_000, 4_096, 131_064, 131_065, 400_000];
  const bodies = sizes.map((size) => Buffer.from(Array.from({ length: size }, (_, index) => (index * 7) % 256)));
  await sent(
    link,
    entity,
    bodies.map((body, index) => message(`m${index}`, { body })),
  );
  const got = await take(await reading(link, entity), sizes.length);
  expect(ids(got)).toEqual(sizes.map((_, index) => `m${index}`));
  for (const [index, { body }] of got.entries()) expect(Buffer.compare(body, bodies[index] ?? Buffer.of())).toBe(0);
});

test("publishing to many topics causes no warning of Node", async () => {
  const warnings: unknown[] = [];
  const heard = (warning: unknown): void => void warnings.push(warning);
  process.on("warning", heard);
  onTestFinished(() => void process.off("warning", heard));
  const link = await open();
  for (const parent of Array.from({ length: 15 }, () => topic(unique("topic")))) {
    await link.declare([parent], "create", live);
    expect(await sent(link, parent, [message("m")])).toEqual(["accepted"]);
  }
  expect(warnings).toEqual([]);
});
