import { randomUUID } from "node:crypto";
import type { Delivery, Source } from "@anybroker/core/driver";
import {
  declared,
  ids,
  linked,
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
import { expect, test, vi } from "vitest";
import { classify } from "../src/errors.ts";
import { redis } from "../src/index.ts";
import { open, plain, server, unique } from "./harness.ts";

const soon = { timeout: 8_000, interval: 20 } as const;
const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;

/** Takes what comes, and drops it, until the check passes. */
async function meanwhile(source: Source, check: () => Promise<void>): Promise<void> {
  await vi.waitFor(async () => {
    await source.receive(10, AbortSignal.timeout(100));
    await check();
  }, soon);
}

test("what is acked is gone from the stream of a queue", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const source = await reading(link, entity);
  await sent(link, queue(entity.name), [message("a"), message("b")]);
  const [a, b] = await take(source, 2);
  if (a === undefined || b === undefined) return expect.fail();
  // In any order.
  expect(await settle(source, ack(b), ack(a))).toEqual([undefined, undefined]);
  await source.pause(live);
  expect(await plain().xlen(`{${entity.name}}`)).toBe(0);
  expect(await settle(source, { action: "release", delivery: a })).toEqual([expect.objectContaining({ lost: true })]);
});

test("what is given back comes again at once, to any consumer, as if it had not been handed over", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const source = await reading(link, entity);
  await sent(link, queue(entity.name), [message("a")]);
  const delivery = await takeOne(source);
  expect(await settle(source, { action: "release", delivery })).toEqual([undefined]);
  expect(await link.stats(entity, live)).toEqual({ ready: 1, delayed: 0, inFlight: 0, dead: 0 });
  const other = await reading(await open(), entity);
  await source.pause(live);
  expect(await takeOne(other)).toMatchObject({ id: "a", deliveries: 0 });
});

test("what is handed over again and again without an outcome ends in the dead letters", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const client = plain();
  const [stream, group] = [`{${entity.name}}`, entity.name];
  await sent(link, queue(entity.name), [message("poison"), message("good")]);
  const found = await client.xreadgroup("GROUP", group, "somebody", "COUNT", 1, "STREAMS", stream, ">");
  const id = String(/\d+-\d+/.exec(JSON.stringify(found)));
  await client.call("XCLAIM", stream, group, "anybroker-released", 0, id, "RETRYCOUNT", 100);
  const source = await reading(link, entity);
  expect(await takeOne(source)).toMatchObject({ id: "good" });
  expect((await link.deadLetters(entity).list(5, undefined, live)).map((one) => one.id)).toEqual(["poison"]);
  expect(await link.stats(entity, live)).toEqual({ ready: 0, delayed: 0, inFlight: 1, dead: 1 });
});

test("an entry of another program with more fields than can be copied holds up nobody", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue")));
  const client = plain();
  const [stream, group] = [`{${entity.name}}`, entity.name];
  const id = String(await client.xadd(stream, "*", ...Array.from({ length: 10_000 }, (_, index) => `${index}`)));
  await sent(link, queue(entity.name), [message("good")]);
  await client.xreadgroup("GROUP", group, "somebody", "COUNT", 1, "STREAMS", stream, ">");
  await client.call("XCLAIM", stream, group, "anybroker-released", 0, id, "RETRYCOUNT", 100);
  const source = await reading(link, entity);
  const [big, good] = await take(source, 2);
  expect([big?.id, good?.id]).toEqual([id, "good"]);
  if (big === undefined) throw new Error("two are there");
  const [refused] = await settle(source, { action: "deadLetter", delivery: big, headers: {} });
  expect(refused).toMatchObject({ lost: false });
  expect(classify(refused?.error)).toEqual({ code: "TOO_LARGE", retryable: false });
  expect(await settle(source, ack(big))).toEqual([undefined]);
});

test("a delayed message waits in a sorted set, and comes when it is due although nobody knows of it here", async () => {
  const sender = await open();
  const entity = await declared(sender, queue(unique("queue")));
  const due = Date.now() + 400;
  await sent(sender, queue(entity.name), [message("later", { deliverAt: due })]);
  expect(await sender.stats(entity, live)).toEqual({ ready: 0, delayed: 1, inFlight: 0, dead: 0 });
  await sender.close(live);
  const link = await open();
  expect(await takeOne(await reading(link, entity))).toMatchObject({ id: "later" });
  expect(Date.now()).toBeGreaterThanOrEqual(due);
});

test("a consumer that closes is forgotten, and so is one of ours that has been silent for long and holds nothing", async () => {
  const link = await open({}, { lease: 20 });
  const entity = await declared(link, queue(unique("queue")));
  const client = plain();
  const [stream, group] = [`{${entity.name}}`, entity.name];
  const names = async (): Promise<readonly string[]> => {
    // The cast is true: each is a list of names and values.
    const found = (await client.xinfo("CONSUMERS", stream, group)) as readonly (readonly string[])[];
    return found.map(([, name = ""]) => name);
  };
  await client.xgroup("CREATECONSUMER", stream, group, "anybroker-old-x-20");
  await client.xgroup("CREATECONSUMER", stream, group, "somebody-else");
  await sent(link, queue(entity.name), [message("held")]);
  await client.xreadgroup("GROUP", group, "anybroker-holds-x-600000", "COUNT", 1, "STREAMS", stream, ">");
  const source = await link.open(entity, { window: 1 }, () => {}, live);
  await source.receive(1, AbortSignal.timeout(300));
  await source.close(live);
  expect(new Set(await names())).toEqual(new Set(["anybroker-holds-x-600000", "somebody-else"]));
});

test("a topic keeps what somebody has not handled, and nothing else", async () => {
  const link = await open();
  const to = topic(unique("topic"));
  const [slow, fast] = [subscription(to, "slow"), subscription(to, "fast")];
  await declared(link, slow);
  await declared(link, fast);
  const client = plain();
  // More than the steps in which a stream is trimmed.
  const all = Array.from({ length: 500 }, (_, index) => message(`m${index}`));
  await sent(link, to, all);
  const [slowSource, fastSource] = [await reading(link, slow), await reading(link, fast)];
  const [first] = await take(slowSource, 1);
  await settle(fastSource, ...(await take(fastSource, 500)).map(ack));
  await meanwhile(fastSource, async () => expect(await client.exists(`{${to.name}}`)).toBe(1));
  expect(await client.xlen(`{${to.name}}`)).toBe(500);
  if (first !== undefined) await settle(slowSource, ack(first), ...(await take(slowSource, 499)).map(ack));
  await meanwhile(slowSource, async () => expect(await client.xlen(`{${to.name}}`)).toBeLessThan(200));
});

test("a topic that much is published to is trimmed as fast as it is filled", async () => {
  const link = await open();
  const to = topic(unique("topic"));
  const { name } = await declared(link, subscription(to, "s"));
  const client = plain();
  for (let round = 0; round < 30; round += 1) {
    await sent(
      link,
      to,
      Array.from({ length: 1_000 }, (_, index) => message(`${round}-${index}`)),
    );
  }
  await client.xgroup("SETID", `{${to.name}}`, name, "$");
  const publish = async (): Promise<number> => {
    await sent(link, to, [message("one more")]);
    return client.xlen(`{${to.name}}`);
  };
  await expect.poll(publish, soon).toBeLessThan(25_000);
  // These do not take the seconds that one trimming in each would need.
  for (let more = 0; more < 10; more += 1) await publish();
  expect(await publish()).toBeLessThan(1_000);
});

test("a stream that others have made is not trimmed, nor does it lose their groups", async () => {
  const name = unique("theirs");
  const client = plain();
  for (let n = 0; n < 300; n += 1) await client.xadd(`{${name}}`, "*", "d", `${n}`);
  await client.xgroup("CREATE", `{${name}}`, "billing.v2", "$");
  for (const topology of ["none", "create"] as const) {
    const link = await open({}, { topology });
    await link.declare([topic(name)], topology === "none" ? "verify" : topology, live);
    expect(await sent(link, topic(name), [message("a")])).toEqual(["accepted"]);
    // What it does for the topic beside the send has been done when this is answered.
    await link.health(live);
  }
  expect(await client.xlen(`{${name}}`)).toBe(302);
  expect(await client.xinfo("GROUPS", `{${name}}`)).toEqual([expect.arrayContaining(["billing.v2"])]);
});

test("a group of others on a topic of ours keeps what it has not read", async () => {
  const to = topic(unique("topic"));
  const client = plain();
  await (await open()).declare([to], "create", live);
  await client.xgroup("CREATE", `{${to.name}}`, "billing.v2", "$");
  for (const id of ["a", "b"]) {
    // A link that is new trims at its first send.
    const link = await open();
    expect(await sent(link, to, [message(id)])).toEqual(["accepted"]);
    await link.health(live);
  }
  expect(await client.xlen(`{${to.name}}`)).toBe(2);
  expect(await client.xinfo("GROUPS", `{${to.name}}`)).toEqual([expect.arrayContaining(["billing.v2"])]);
});

test("what is acked stays in the stream of a queue as long as another group reads it", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique()));
  const client = plain();
  await client.xgroup("CREATE", `{${entity.name}}`, "audit", "0");
  await sent(
    link,
    entity,
    ["a", "b"].map((id) => message(id)),
  );
  const source = await reading(link, entity);
  await settle(source, ...(await take(source, 2)).map(ack));
  await source.close(live);
  expect(await link.stats(entity, live)).toMatchObject({ ready: 0, inFlight: 0 });
  expect(await client.xlen(`{${entity.name}}`)).toBe(2);
});

test("what is acked goes from the stream of a queue if the other groups are done with it already, where Redis can tell", async (context) => {
  const link = await open();
  const client = plain();
  const known = await client.call("COMMAND", "INFO", "XACKDEL");
  if (Array.isArray(known) && known[0] === null) context.skip("XACKDEL came with Redis 8.2");
  const entity = await declared(link, queue(unique()));
  const [stream, group] = [`{${entity.name}}`, "audit"];
  await client.xgroup("CREATE", stream, group, "0");
  await sent(
    link,
    entity,
    ["a", "b"].map((id) => message(id)),
  );
  const found = await client.xreadgroup("GROUP", group, "somebody", "COUNT", 1, "STREAMS", stream, ">");
  await client.xack(stream, group, String(/\d+-\d+/.exec(JSON.stringify(found))));
  const source = await reading(link, entity);
  await settle(source, ...(await take(source, 2)).map(ack));
  await source.close(live);
  expect(await client.xlen(stream)).toBe(1);
});

test("two broker objects with one driver leave each other what they hold", async () => {
  const driver = redis({ url: server.url });
  const [link, other] = [await linked(driver), await linked(driver)];
  const entity = await declared(link, queue(unique()));
  await sent(link, entity, [message("a")]);
  const holder = await reading(link, entity);
  await take(holder, 1);
  const idle = await reading(other, entity);
  expect(await idle.receive(1, AbortSignal.timeout(2_500))).toEqual([]);
});

test("an ephemeral subscription whose program has died is removed by others", async () => {
  // Two leases of silence are a death, which a machine that is busy for a moment must not meet. The dead one has short ones.
  const link = await open({}, { lease: 2_000 });
  const to = topic(unique("topic"));
  await link.declare([to], "create", live);
  const client = plain();
  const stream = `{${to.name}}`;
  const dead = `dead.${randomUUID()}`;
  await client.xgroup("CREATE", stream, dead, "$");
  await client.xgroup("CREATECONSUMER", stream, dead, "anybroker-gone-x-100");
  const source = await reading(link, subscription(to, "alive", { durable: false }));
  await sent(link, to, [message("a")]);
  await settle(source, ack(await takeOne(source)));
  await vi.waitFor(async () => {
    await source.receive(1, AbortSignal.timeout(50));
    // The cast is true: each is a list of names and values.
    const groups = (await client.xinfo("GROUPS", stream)) as readonly (readonly string[])[];
    expect(groups.map(([, name]) => name)).toEqual([expect.stringMatching(/^alive\./)]);
  }, soon);
  // Also while it rests it is seen to live.
  await source.pause(live);
  const idle = async (): Promise<number> => {
    // The casts are true: each is a list of names and values.
    const [[, group = ""] = []] = (await client.xinfo("GROUPS", stream)) as readonly (readonly string[])[];
    const [consumer = []] = (await client.xinfo("CONSUMERS", stream, group)) as readonly (readonly unknown[])[];
    return Number(consumer[consumer.indexOf("idle") + 1]);
  };
  await expect.poll(idle, soon).toBeGreaterThan(300);
  await expect.poll(idle, soon).toBeLessThan(300);
  await source.resume(live);
  await sent(link, to, [message("b")]);
  expect(ids(await take(source, 1))).toEqual(["b"]);
  await source.close(live);
  expect(await client.xinfo("GROUPS", stream)).toEqual([]);
});

test("a partition goes to another consumer only when nothing of it is held, and then in its order", async () => {
  const one = await open();
  const entity = await declared(one, queue(unique("queue"), true));
  const first = await reading(one, entity);
  const [x, y] = ["x", "y"];
  await sent(one, queue(entity.name, true), [message("x1", { key: x }), message("y1", { key: y })]);
  const held = await take(first, 2);
  const second = await reading(await open(), entity);
  await sent(one, queue(entity.name, true), [message("x2", { key: x }), message("y2", { key: y })]);
  // Both look for what they may read.
  const seen: Delivery[] = [];
  for (let round = 0; round < 20; round += 1) {
    const stop = AbortSignal.timeout(100);
    for (const got of await Promise.all([first.receive(5, stop), second.receive(5, stop)])) seen.push(...got);
  }
  // What was not handed over to the first stays behind what it holds.
  expect(ids(seen).every((id) => id === "x2" || id === "y2")).toBe(true);
  expect(await settle(first, ...held.map(ack))).toEqual([undefined, undefined]);
  await first.close(live);
  await vi.waitFor(async () => {
    seen.push(...(await second.receive(5, AbortSignal.timeout(200))));
    expect(new Set(ids(seen))).toEqual(new Set(["x2", "y2"]));
  }, soon);
});

test("who no longer owns a partition gets nothing of it", async () => {
  const link = await open();
  const entity = await declared(link, queue(unique("queue"), true));
  const source = await reading(link, entity);
  const client = plain();
  for (let partition = 0; partition < 8; partition += 1) {
    await client.hset(`{${entity.name}}.owners`, String(partition), "somebody-else");
  }
  await client.zadd(`{${entity.name}}.members`, Date.now() + 60_000, "somebody-else");
  await sent(link, queue(entity.name, true), [message("a", { key: "k" })]);
  for (let round = 0; round < 10; round += 1) expect(await source.receive(1, AbortSignal.timeout(100))).toEqual([]);
});

test("a queue keeps the partitions that it was made with: who expects others is told", async () => {
  const link = await open();
  const [plainQueue, orderedQueue] = [queue(unique("queue")), queue(unique("queue"), true)];
  await declared(link, plainQueue);
  await declared(link, orderedQueue);
  const other = await open();
  const drift = { property: expect.stringContaining("partitions") };
  expect(await other.declare([{ ...plainQueue, ordered: true }], "create", live)).toEqual([
    expect.objectContaining({ ...drift, expected: "8", found: "1" }),
  ]);
  expect(await other.declare([{ ...orderedQueue, ordered: false }], "verify", live)).toEqual([
    expect.objectContaining({ ...drift, expected: "1", found: "8" }),
  ]);
  // It is used as it is.
  await sent(other, { ...plainQueue, ordered: true }, [message("a", { key: "k" })]);
  expect(ids(await take(await reading(link, plainQueue), 1))).toEqual(["a"]);
  await sent(link, orderedQueue, [message("b", { key: "k" })]);
  expect(ids(await take(await reading(other, { ...orderedQueue, ordered: false }), 1))).toEqual(["b"]);
});

test("the retention of a topic is what it was made with", async () => {
  const link = await open();
  const to = topic(unique("topic"), 60_000);
  expect(await link.declare([to], "create", live)).toEqual([]);
  expect(await link.declare([topic(to.name)], "create", live)).toEqual([
    expect.objectContaining({ expected: "0", found: "60000" }),
  ]);
});

test("a server without an append-only file is degraded, and so is one that may evict queues", async () => {
  const { details } = await (await open()).health(live);
  expect(details).toMatchObject({ role: "master", "maxmemory-policy": "noeviction" });
});
