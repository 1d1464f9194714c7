import type { Delivery, Settlement } from "@anybroker/core/driver";
import {
  declared,
  live,
  message,
  queue,
  reading,
  sent,
  settle,
  subscription,
  take,
  topic,
} from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { emulatorForTest, open, type TestLink } from "./harness.ts";

const ORDERS = queue("orders");

/** Dead-letters messages as the core does. */
async function deadLetter(link: TestLink, count: number): Promise<void> {
  await sent(
    link,
    ORDERS,
    Array.from({ length: count }, (_, index) =>
      message(`m${index}`, { headers: { n: String(index), "anybroker-not-before": "5" } }),
    ),
  );
  const source = await reading(link, ORDERS, { window: count });
  const deliveries = await take(source, count);
  await settle(source, ...deliveries.map(dead));
  await source.close(live);
}

function dead(delivery: Delivery): Settlement {
  const headers = { "anybroker-dead-reason": "broken", "anybroker-attempt": "3", "anybroker-not-before": undefined };
  return { action: "deadLetter", delivery, headers };
}

test("dead letters are the service's own, with our reason as theirs", async () => {
  const link = await open(await emulatorForTest());
  await declared(link, ORDERS);
  await deadLetter(link, 1);
  const receiver = link.native.client.createReceiver("orders", { subQueueType: "deadLetter" });
  expect(await receiver.peekMessages(5)).toMatchObject([{ deadLetterReason: "broken", messageId: "m0" }]);
  const [letter] = await link.deadLetters(ORDERS).list(5, undefined, live);
  expect({ ...letter?.headers }).toEqual({ n: "0", "anybroker-dead-reason": "broken", "anybroker-attempt": "3" });
});

test("a message that the service itself has dead-lettered has its reason", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders", { maxDeliveryCount: 1 });
  const link = await open(emulator);
  const { client } = link.native;
  await client.createSender("orders").sendMessages({ body: "a" });
  const receiver = client.createReceiver("orders");
  const [received] = await receiver.receiveMessages(1);
  if (received !== undefined) await receiver.abandonMessage(received);
  const [letter] = await link.deadLetters(ORDERS).list(5, undefined, live);
  expect(letter?.headers["anybroker-dead-reason"]).toBe("MaxDeliveryCountExceeded");
});

test("chosen dead letters are replayed and removed from among many, and the others stay as they are", async () => {
  const link = await open(await emulatorForTest());
  await declared(link, ORDERS);
  await deadLetter(link, 2_300);
  const store = link.deadLetters(ORDERS);
  const all = await store.list(5_000, undefined, live);
  expect(all.map(({ id }) => id)).toEqual(Array.from({ length: 2_300 }, (_, index) => `m${index}`));
  expect((await store.list(2, all[9]?.deadLetterId, live)).map(({ id }) => id)).toEqual(["m10", "m11"]);
  const chosen = [2, 2_290].map((index) => all[index]?.deadLetterId ?? "");
  expect(await store.replay({ ids: [...chosen, "99999999", "x"] }, { "anybroker-attempt": undefined }, live)).toBe(2);
  expect(await store.remove({ ids: [all[0]?.deadLetterId ?? ""] }, live)).toBe(1);
  expect(await store.count(live)).toBe(2_297);
  const replayed = await take(await reading(link, ORDERS), 2);
  expect(replayed.map(({ id, headers }) => [id, headers["anybroker-attempt"]])).toEqual([
    ["m2", undefined],
    ["m2290", undefined],
  ]);
  expect(await store.remove({ all: true }, live)).toBe(2_297);
  expect(await store.list(5, undefined, live)).toEqual([]);
});

test("a dead letter of a subscription that forwards nowhere cannot be replayed to it alone", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createTopic("news");
  emulator.namespace.createSubscription("news", "mail");
  const link = await open(emulator);
  const store = link.deadLetters(subscription(topic("news"), "mail"));
  await expect(store.replay({ all: true }, {}, live)).rejects.toMatchObject({ code: "UNSUPPORTED" });
});
