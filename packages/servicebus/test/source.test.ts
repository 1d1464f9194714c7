import type { Delivery, Settlement, Source } from "@anybroker/core/driver";
import type { ServiceBusEmulator } from "@anybroker/servicebus-emulator";
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
import { startProxy } from "@anybroker-internal/testkit/proxy";
import { until } from "@anybroker-internal/testkit/until";
import { expect, onTestFinished, test } from "vitest";
import { contextOf, cut, emulatorForTest, open, type TestLink, urlOf } from "./harness.ts";

const ORDERS = queue("orders");
const KEYED = queue("keyed", true);

type Context = Parameters<typeof open>[2];

interface Opened {
  readonly link: TestLink;
  readonly emulator: ServiceBusEmulator;
}

/** A link to an emulator of its own that has a queue. */
async function linkWith(entity = ORDERS, context?: Context): Promise<Opened> {
  const emulator = await emulatorForTest();
  const link = await open(emulator, {}, context);
  await declared(link, entity);
  return { link, emulator };
}

const messages = (count: number, key?: string) =>
  Array.from({ length: count }, (_, index) => message(`m${index}`, key === undefined ? {} : { key }));

const ack = (delivery: Delivery) => ({ action: "ack", delivery }) as const;
const release = (delivery: Delivery) => ({ action: "release", delivery }) as const;

/** What comes within a second. */
const nothingIn = async (source: Source): Promise<void> => expect(await source.receive(100, live)).toEqual([]);

test("a batch that is sent is received in order, and what is acked is gone", async () => {
  const { link } = await linkWith();
  const batch = ["a", "b", "c"].map((id) => message(id, { headers: { n: id }, key: "k", type: "order.placed" }));
  expect(await sent(link, ORDERS, batch)).toEqual(["accepted", "accepted", "accepted"]);
  const source = await reading(link, ORDERS);
  const deliveries = await take(source, 3);
  expect(ids(deliveries)).toEqual(["a", "b", "c"]);
  expect(deliveries[0]).toMatchObject({ headers: { n: "a" }, key: "k", type: "order.placed", deliveries: 0 });
  expect(await settle(source, ...deliveries.map(ack))).toEqual([undefined, undefined, undefined]);
  expect(await link.native.client.createReceiver("orders").peekMessages(10)).toEqual([]);
});

test("a source holds at most its window, also of thousands", async () => {
  const { link } = await linkWith();
  await sent(link, ORDERS, messages(2_600));
  const narrow = await reading(link, ORDERS, { window: 2 });
  const [first] = await take(narrow, 2);
  await nothingIn(narrow);
  if (first !== undefined) await settle(narrow, ack(first));
  expect((await takeOne(narrow)).id).toBe("m2");
  await nothingIn(narrow);
  // One receiver of the SDK has no room for as many.
  const wide = await reading(link, ORDERS, { window: 2_500 });
  await take(wide, 2_500);
  await nothingIn(wide);
});

test("a paused source receives nothing, settles what it has, and receives its window after it resumes", async () => {
  const { link } = await linkWith();
  const source = await reading(link, ORDERS, { window: 2 });
  await source.pause(live);
  await sent(link, ORDERS, messages(6));
  await nothingIn(source);
  await source.resume(live);
  const held = await take(source, 2);
  await source.pause(live);
  expect(await settle(source, ...held.map(ack))).toEqual([undefined, undefined]);
  await nothingIn(source);
  await source.resume(live);
  expect(ids(await take(source, 2))).toEqual(["m2", "m3"]);
  await nothingIn(source);
});

test("what is released comes again at once, and is not counted as delivered", async () => {
  const { link } = await linkWith();
  const source = await reading(link, ORDERS, { window: 1 });
  await sent(link, ORDERS, messages(1));
  for (let round = 0; round < 3; round += 1) {
    const delivery = await takeOne(source);
    expect(delivery).toMatchObject({ id: "m0", deliveries: 0, headers: {} });
    await settle(source, release(delivery));
  }
});

test("what a cut connection held is given back at once, and what its consumer does to it then fails", async () => {
  const { link, emulator } = await linkWith();
  const second = await open(emulator);
  await sent(link, ORDERS, messages(3, "key"));
  const lost: Delivery[] = [];
  const source = await reading(link, ORDERS, { lost: (deliveries) => lost.push(...deliveries) });
  const held = await take(source, 3);
  const since = performance.now();
  cut(link);
  const again = await take(await reading(second, ORDERS), 3, 4_000);
  // The lock would keep them for 30 s.
  expect(performance.now() - since).toBeLessThan(4_000);
  expect(ids(again)).toEqual(ids(held));
  expect(again.map(({ deliveries }) => deliveries)).toEqual([1, 1, 1]);
  expect(lost).toEqual(held);
  expect(await settle(source, ...held.map(ack))).toEqual(held.map(() => expect.objectContaining({ lost: true })));
});

test("a source ends when its queue is deleted", async () => {
  const { link } = await linkWith();
  const source = await reading(link, ORDERS);
  await link.remove?.([ORDERS], live);
  await expect(source.lost).resolves.toMatchObject({ code: expect.stringMatching(/NotFound|UNAVAILABLE/) });
  await expect(link.open(ORDERS, { window: 1 }, () => {}, live)).rejects.toMatchObject({
    code: "MessagingEntityNotFound",
  });
});

test("a source ends when the service detaches its link, and the SDK does not receive its window once more", async () => {
  const { link, emulator } = await linkWith();
  await sent(link, ORDERS, messages(6));
  const source = await reading(link, ORDERS, { window: 2 });
  const held = await take(source, 2);
  emulator.faults.detachLinks("orders");
  await expect(source.lost).resolves.toMatchObject({ message: expect.stringContaining("force detached") });
  expect(await source.receive(10, live)).toEqual([]);
  // What was held has gone back, ahead of the others.
  const again = await until("the queue can be read again", 5_000, () => reading(link, ORDERS, { window: 6 }));
  expect(new Set(ids(await take(again, 6, 4_000)))).toEqual(new Set(["m0", "m1", "m2", "m3", "m4", "m5"]));
  expect(held).toHaveLength(2);
});

test("sessions that the service takes back are lost, and the source goes on", async () => {
  const { link, emulator } = await linkWith(KEYED);
  const lost: Delivery[] = [];
  const source = await reading(link, KEYED, { window: 48, lost: (deliveries) => lost.push(...deliveries) });
  await sent(link, KEYED, messages(2, "key"));
  const held = await take(source, 2);
  emulator.faults.loseLocks("keyed");
  const again = await take(source, 2);
  expect(ids(again)).toEqual(["m0", "m1"]);
  expect(lost).toEqual(held);
  expect(await settle(source, ...held.map(ack))).toEqual(held.map(() => expect.objectContaining({ lost: true })));
  expect(await settle(source, ...again.map(ack))).toEqual([undefined, undefined]);
});

test("a lost lock is told when it is renewed, and when it is settled", async () => {
  const { link, emulator } = await linkWith();
  const source = await reading(link, ORDERS, { window: 1 });
  await sent(link, ORDERS, messages(1));
  const held = await takeOne(source);
  emulator.faults.loseLocks("orders");
  expect(await source.extend?.([held], live)).toEqual([undefined]);
  expect(await settle(source, ack(held))).toEqual([expect.objectContaining({ lost: true })]);
  expect((await takeOne(source)).id).toBe("m0");
});

test("a receiver that gets nothing although a message waits is opened again", async () => {
  const { link } = await linkWith(ORDERS, { lease: 1_000 });
  const source = await reading(link, ORDERS, { window: 5 });
  const [receiver] = Object.values(contextOf(link.native.client).messageReceivers);
  await receiver?._receiverHelper.suspend();
  await sent(link, ORDERS, messages(1));
  expect((await takeOne(source)).id).toBe("m0");
});

test("a lock that ran out makes room for the next message", async () => {
  const { link } = await linkWith(ORDERS, { lease: 1_000 });
  const lost: Delivery[] = [];
  const source = await reading(link, ORDERS, { window: 1, lost: (deliveries) => lost.push(...deliveries) });
  await sent(link, ORDERS, messages(1));
  const first = await takeOne(source);
  const second = await takeOne(source);
  expect([first, second]).toMatchObject([{ deliveries: 0 }, { deliveries: 1 }]);
  expect(lost).toEqual([first]);
  expect(await settle(source, ack(first), ack(second))).toEqual([expect.objectContaining({ lost: true }), undefined]);
});

test("a session is kept three times longer than its lock, by one renewal for all of its messages", async () => {
  const { link, emulator } = await linkWith(KEYED, { lease: 1_000 });
  const second = await open(emulator, {}, { lease: 1_000 });
  await sent(link, KEYED, messages(3, "key"));
  const source = await reading(link, KEYED, { window: 16 * 3 });
  const held = await take(source, 3);
  const competitor = await reading(second, KEYED);
  const until = Date.now() + 3_000;
  while (Date.now() < until) {
    expect(await source.extend?.(held, live)).toEqual(held.map(() => expect.any(Number)));
    expect(await competitor.receive(10, AbortSignal.timeout(300))).toEqual([]);
  }
  expect(await settle(source, ...held.map(ack))).toEqual([undefined, undefined, undefined]);
});

test("a session that has no message for a second makes room for another one", async () => {
  const { link } = await linkWith(KEYED);
  const source = await reading(link, KEYED, { window: 1 });
  await sent(link, KEYED, [message("a", { key: "one" }), message("b", { key: "two" })]);
  await settle(source, ack(await takeOne(source)));
  expect((await takeOne(source)).id).toBe("b");
});

test("a pause gives up sessions with what is held, in order and uncounted", async () => {
  const { link, emulator } = await linkWith(KEYED);
  const second = await open(emulator);
  const source = await reading(link, KEYED, { window: 48 });
  await sent(link, KEYED, messages(3, "key"));
  const held = await take(source, 3);
  await source.pause(live);
  expect(await settle(source, ...held.map(release))).toEqual([undefined, undefined, undefined]);
  const taken = await take(await reading(second, KEYED, { window: 48 }), 3, 4_000);
  expect(ids(taken)).toEqual(["m0", "m1", "m2"]);
  expect(taken.map(({ deliveries }) => deliveries)).toEqual([0, 0, 0]);
});

test("an ordered source goes on after a pause", async () => {
  const { link } = await linkWith(KEYED);
  const source = await reading(link, KEYED, { window: 48 });
  for (let round = 0; round < 3; round += 1) {
    await source.pause(live);
    await sent(link, KEYED, messages(2, `key ${round}`));
    await nothingIn(source);
    await source.resume(live);
    await settle(source, ...(await take(source, 2)).map(ack));
  }
});

test("a queue without sessions is read as ordered without them, and one with sessions is read with them", async () => {
  const { link } = await linkWith(ORDERS);
  await declared(link, KEYED);
  await sent(link, ORDERS, messages(2, "key"));
  await sent(link, KEYED, messages(2, "key"));
  expect(ids(await take(await reading(link, queue("orders", true)), 2))).toEqual(["m0", "m1"]);
  expect(ids(await take(await reading(link, queue("keyed", false), { window: 48 }), 2))).toEqual(["m0", "m1"]);
});

test("an existing subscription that forwards nowhere is read itself, and its messages stay with the consumer", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createTopic("news");
  emulator.namespace.createSubscription("news", "mail");
  for (const topology of ["create", "verify", "none"] as const) {
    const link = await open(emulator, {}, { topology });
    const mail = subscription(topic("news"), "mail");
    const mode = topology === "verify" ? "verify" : "create";
    if (topology !== "none") expect(await link.declare([mail.topic, mail], mode, live)).toEqual([]);
    const source = await reading(link, mail);
    expect(source.returns).toBe(false);
    await sent(link, mail.topic, messages(1));
    const delivery = await takeOne(source);
    expect(await settle(source, { action: "deadLetter", delivery, headers: {} })).toEqual([undefined]);
    expect(await link.deadLetters(mail).remove({ all: true }, live)).toBe(1);
    await source.close(live);
  }
});

test("a retried message has its id and another message id, so that duplicate detection does not drop it", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders", { requiresDuplicateDetection: true });
  const link = await open(emulator);
  await sent(link, ORDERS, [message("a"), message("b"), message("a")]);
  const source = await reading(link, ORDERS);
  for (const attempt of ["1", "2"]) {
    const deliveries = await take(source, 2);
    expect(new Set(ids(deliveries))).toEqual(new Set(["a", "b"]));
    const headers = { "anybroker-attempt": attempt };
    await settle(
      source,
      ...deliveries.map((delivery) => ({ action: "retry", delivery, delay: 100, headers }) as const),
    );
  }
  const copies = await take(source, 2);
  expect(new Set(ids(copies))).toEqual(new Set(["a", "b"]));
  for (const { headers } of copies) expect({ ...headers }).toEqual({ "anybroker-attempt": "2" });
});

test("an ephemeral subscription ends with its source, also when the connection is cut", async () => {
  const emulator = await emulatorForTest();
  const link = await open(emulator);
  const second = await open(emulator);
  const news = topic("news");
  await link.declare([news], "create", live);
  const kept = [...emulator.namespace.entities()].length;
  const mail = subscription(news, "mail", { durable: false });
  const source = await link.open(mail, { window: 5 }, () => {}, live);
  await reading(second, mail);
  await sent(link, news, messages(1));
  expect((await takeOne(source)).id).toBe("m0");
  await source.close(live);
  cut(second);
  await until("both subscriptions are gone", 5_000, async () => {
    expect([...emulator.namespace.entities()]).toHaveLength(kept);
  });
});

test("a session that ends while nothing passes, and that is about to be given back, does not end the process", async () => {
  const emulator = await emulatorForTest();
  const proxy = await startProxy(emulator.port);
  onTestFinished(() => proxy.close());
  const link = await open(emulator, { url: proxy.through(urlOf(emulator)) });
  await declared(link, KEYED);
  await sent(link, KEYED, messages(1, "k"));
  // Each session has room for another message: there is something to drain.
  const source = await reading(link, KEYED, { window: 100 });
  await takeOne(source);
  proxy.stall();
  const paused = source.pause(live);
  const { messageSessions } = contextOf(link.native.client);
  await until("the SDK closes a link that it cannot drain", 5_000, async () => {
    expect(Object.values(messageSessions).some((session) => session.link?.isOpen() === false)).toBe(true);
  });
  emulator.faults.detachLinks("keyed");
  proxy.flow();
  await paused;
});

test("messages that are settled in one batch each get their own outcome", async () => {
  const emulator = await emulatorForTest();
  const entity = emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  const batch = ["acked", "dead", "acked too", "released", "dead too"].map((id) => message(id));
  await sent(link, queue("orders"), batch);
  const source = await reading(link, queue("orders"));
  const deliveries = await take(source, 5);
  const actions = deliveries.map((delivery): Settlement => {
    if (delivery.id === "released") return { action: "release", delivery };
    return delivery.id?.startsWith("dead")
      ? { action: "deadLetter", delivery, headers: {} }
      : { action: "ack", delivery };
  });
  expect(await settle(source, ...actions)).toEqual(deliveries.map(() => undefined));
  expect((await takeOne(source)).id).toBe("released");
  expect(entity.queue.count("active")).toBe(1);
  expect(entity.deadLetters.count("active")).toBe(2);
});
