import { randomUUID } from "node:crypto";
import type { Delivery, SourceEntity } from "@anybroker/core/driver";
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
import { expect, test, vi } from "vitest";
import { open, plain, unique } from "../harness.ts";

const soon = { timeout: 8_000, interval: 20 } as const;
const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;

test("a closed consumer is forgotten, and so is one of ours that was idle for ten leases and holds nothing", async () => {
  const link = await open({}, { lease: 20 });
  const entity = await declared(link, queue(unique("queue")));
  const client = plain();
  const [stream, group] = [`{${entity.name}}`, entity.name];
  const names = async (): Promise<readonly string[]> => {
    // The cast is true: each consumer is a list of names and values.
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

test("an ephemeral subscription whose program has died is removed by other programs", async () => {
  // A consumer counts as dead after two leases without a sign of life. The living one has a lease that is long enough for
  // a busy machine, the dead one a short lease.
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
    // The cast is true: each consumer is a list of names and values.
    const groups = (await client.xinfo("GROUPS", stream)) as readonly (readonly string[])[];
    expect(groups.map(([, name]) => name)).toEqual([expect.stringMatching(/^alive\./)]);
  }, soon);
  // While it is paused it still shows that it lives.
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

test("where a link may not create, it finds a return queue that exists", async () => {
  const client = plain();
  const creator = await open();
  const to = topic(unique("topic"));
  const existing = [
    await declared(creator, queue(unique("queue"))),
    await declared(creator, subscription(to, "with-returns")),
  ];
  const foreignQueue = queue(unique("foreign"));
  const foreignSubscription = subscription(to, "foreign");
  await client.xgroup("CREATE", `{${foreignQueue.name}}`, foreignQueue.name, "0", "MKSTREAM");
  await client.xgroup("CREATE", `{${to.name}}`, foreignSubscription.name, "0");
  const link = await open({}, { topology: "none" });
  const returns = async (entity: SourceEntity): Promise<boolean> => (await reading(link, entity)).returns;
  expect(await Promise.all(existing.map(returns))).toEqual([true, true]);
  expect(await Promise.all([foreignQueue, foreignSubscription].map(returns))).toEqual([false, false]);
});
