import type { Delivery } from "@anybroker/core/driver";
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
import { expect, test } from "vitest";
import { expectReady, open, plain, publishTo, server, unique } from "./harness.ts";

const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;
const release = (delivery: Delivery) => ({ action: "release", delivery }) as const;

async function filled(count: number, window = 10) {
  const link = await open();
  const entity = queue(unique("queue"));
  await declared(link, entity);
  await sent(
    link,
    entity,
    Array.from({ length: count }, (_, index) => message(`m${index}`)),
  );
  const lost: Delivery[] = [];
  const source = await reading(link, entity, { window, lost: (deliveries) => lost.push(...deliveries) });
  return { link, entity, source, lost };
}

test("a source holds no more than its window, and receives more as it settles", async () => {
  const { source } = await filled(8, 3);
  const first = await take(source, 3);
  expect(await source.receive(10, AbortSignal.timeout(200))).toEqual([]);
  await settle(source, ...first.map(ack));
  expect(ids(await take(source, 3))).toEqual(["m3", "m4", "m5"]);
});

test("acks in any order reach the server, at the latest when the source closes", async () => {
  const { source, entity } = await filled(20, 20);
  const got = await take(source, 20);
  for (const delivery of got.filter((_, index) => index % 2 === 1))
    expect(await settle(source, ack(delivery))).toEqual([undefined]);
  await source.close(live);
  const channel = await plain();
  await expectReady(channel, entity.name, 10);
});

test("a released message is delivered again, and so is one that a closed source had not handed out", async () => {
  const { source, link, entity } = await filled(5, 5);
  const [first, second] = await take(source, 2);
  if (first === undefined || second === undefined) throw new Error("no message arrived");
  expect(await settle(source, release(first), ack(second))).toEqual([undefined, undefined]);
  await source.close(live);
  expect(new Set(ids(await take(await reading(link, entity), 4)))).toEqual(new Set(["m0", "m2", "m3", "m4"]));
});

test("a release counts as a delivery only on servers that count every requeue", async () => {
  const { source } = await filled(1);
  for (let round = 0; round < 3; round += 1) await settle(source, release(await takeOne(source)));
  const { deliveries } = await takeOne(source);
  expect(deliveries).toBe(server.major > 4 || (server.major === 4 && server.minor >= 3) ? 1 : 3);
});

test("a delivery is settled once: the next settlement of it is lost", async () => {
  const { source } = await filled(1);
  const delivery = await takeOne(source);
  expect(await settle(source, ack(delivery), ack(delivery))).toMatchObject([undefined, { lost: true }]);
  expect(await settle(source, release(delivery))).toMatchObject([{ lost: true }]);
});

test("a retry is a copy with changed headers, and a delayed one is not early", async () => {
  const { source } = await filled(1);
  const first = await takeOne(source);
  const changed = { "anybroker-attempt": "1", "anybroker-not-before": "7" };
  expect(await settle(source, { action: "retry", delivery: first, delay: 0, headers: changed })).toEqual([undefined]);
  const second = await takeOne(source);
  expect([second.id, { ...second.headers }, second.deliveries]).toEqual(["m0", changed, 0]);
  const since = Date.now();
  await settle(source, { action: "retry", delivery: second, delay: 250, headers: { "anybroker-attempt": undefined } });
  const third = await takeOne(source);
  expect(Date.now() - since).toBeGreaterThanOrEqual(250);
  expect({ ...third.headers }).toEqual({ "anybroker-not-before": "7" });
  await settle(source, { action: "retry", delivery: third, delay: 0, headers: { "anybroker-not-before": undefined } });
  expect({ ...(await takeOne(source)).headers }).toEqual({});
});

test("when the server refuses a copy, the delivery is still held", async () => {
  const { source } = await filled(1);
  const delivery = await takeOne(source);
  const headers = { "anybroker-dead-error": "x".repeat(70_000) };
  expect(await settle(source, { action: "deadLetter", delivery, headers })).toMatchObject([{ lost: false }]);
  expect(await settle(source, { action: "deadLetter", delivery, headers: {} })).toEqual([undefined]);
});

test("when the queue for a copy is missing, the delivery is still held", async () => {
  const { source, entity } = await filled(1);
  await (await plain()).deleteQueue(`${entity.name}.dlq`);
  const delivery = await takeOne(source);
  expect(await settle(source, { action: "deadLetter", delivery, headers: {} })).toMatchObject([
    { lost: false, error: { code: "NOT_FOUND" } },
  ]);
  expect(await settle(source, ack(delivery))).toEqual([undefined]);
});

test("the server itself dead-letters a rejected message", async () => {
  const { link, source, entity } = await filled(1);
  expect(await settle(source, { action: "reject", delivery: await takeOne(source) })).toEqual([undefined]);
  await expectReady(await plain(), `${entity.name}.dlq`, 1);
  expect(await link.deadLetters(entity).list(10, undefined, live)).toMatchObject([{ id: "m0" }]);
});

test("a message is not rejected on a queue where the server might drop it", async () => {
  const link = await open({}, { topology: "none" });
  const name = unique("foreign");
  const channel = await plain();
  await channel.assertQueue(name, { arguments: { "x-queue-type": "quorum" } });
  await publishTo(channel, name, "m");
  const source = await reading(link, queue(name));
  expect(source.returns).toBe(false);
  const delivery = await takeOne(source);
  expect(await settle(source, { action: "reject", delivery })).toMatchObject([
    { lost: false, error: { code: "UNSUPPORTED" } },
  ]);
});

test("a paused source receives nothing new, keeps what it has, and resumes", async () => {
  const { link, source, entity } = await filled(2, 2);
  const [first] = await take(source, 1);
  await source.pause(live);
  expect(ids(await take(source, 1))).toEqual(["m1"]);
  await sent(link, entity, [message("m2"), message("m3"), message("m4")]);
  expect(await source.receive(10, AbortSignal.timeout(200))).toEqual([]);
  if (first !== undefined) await settle(source, ack(first));
  await source.resume(live);
  expect(ids(await take(source, 2))).toEqual(["m2", "m3"]);
});

test("when its queue is deleted a source ends with a reason, and what it held is lost", async () => {
  const { link, source, entity, lost } = await filled(2);
  const [first, second] = await take(source, 2);
  if (first === undefined || second === undefined) throw new Error("no message arrived");
  await settle(source, ack(first));
  await (await plain()).deleteQueue(entity.name);
  await expect(source.lost).resolves.toMatchObject({ code: "UNAVAILABLE", retryable: true });
  expect(lost).toEqual([second]);
  expect(await settle(source, ack(second))).toMatchObject([{ lost: true }]);
  expect(await source.receive(1, live)).toEqual([]);
  await source.close(live);
  await expect(link.open(entity, { window: 1 }, () => {}, live)).rejects.toMatchObject({ code: 404 });
  await expect(link.health(live)).resolves.toMatchObject({ degraded: undefined });
});

test("when the link ends its sources end, and settlements after that do not throw", async () => {
  const { link, source, lost } = await filled(1);
  const delivery = await takeOne(source);
  await link.close(AbortSignal.abort()).catch(() => {});
  await source.lost;
  expect(lost).toEqual([delivery]);
  for (const action of ["ack", "release"] as const) {
    expect(await settle(source, { action, delivery })).toMatchObject([{ lost: true }]);
  }
  expect(await settle(source, { action: "retry", delivery, delay: 0, headers: {} })).toMatchObject([{ lost: true }]);
  await source.close(live);
});

test("of several ordered sources only one receives, and it gives up its place when it closes", async () => {
  const link = await open();
  const entity = queue(unique("ordered"), true);
  await declared(link, entity);
  const one = await reading(link, entity);
  const other = await reading(link, entity);
  await sent(link, entity, [message("a"), message("b")]);
  expect(ids(await take(one, 2))).toEqual(["a", "b"]);
  expect(await other.receive(1, AbortSignal.timeout(100))).toEqual([]);
  await one.close(live);
  expect(ids(await take(other, 2))).toEqual(["a", "b"]);
});

test("an ephemeral subscription begins when it opens, survives a pause, and leaves nothing behind", async () => {
  const link = await open();
  const parent = topic(unique("topic"));
  await link.declare([parent], "create", live);
  const entity = subscription(parent, "s", { durable: false });
  await sent(link, parent, [message("before")]);
  const source = await reading(link, entity);
  expect(source.returns).toBe(false);
  await source.pause(live);
  await sent(link, parent, [message("during")]);
  await source.resume(live);
  const delivery = await takeOne(source);
  expect(delivery.id).toBe("during");
  const [name = ""] = delivery.position.split("#");
  await source.close(live);
  await expect((await plain()).checkQueue(name)).rejects.toMatchObject({ code: 404 });
});

test("opening a source with an aborted signal leaves no consumer behind", async () => {
  const { link, entity, source } = await filled(0);
  await source.close(live);
  const aborted = AbortSignal.abort(new Error("enough"));
  await expect(link.open(entity, { window: 1 }, () => {}, aborted)).rejects.toThrow("enough");
  const channel = await plain();
  await expect.poll(async () => (await channel.checkQueue(entity.name)).consumerCount).toBe(0);
});

test("no ack is lost when a source closes at once, however many acks were written one by one", {
  timeout: 60_000,
}, async () => {
  for (const count of [40, 300, 1_000]) {
    const { source, entity } = await filled(count, count);
    const got = [...(await take(source, count))].reverse();
    for (const delivery of got) await settle(source, ack(delivery));
    await source.close(live);
    const channel = await plain();
    // Within this time, messages with a lost ack would be back in the queue.
    for (const end = Date.now() + 400; Date.now() < end; ) {
      expect(await channel.checkQueue(entity.name)).toMatchObject({ messageCount: 0 });
    }
  }
});
