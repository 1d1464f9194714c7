import type { Settlement } from "@anybroker/core/driver";
import { ids, live, message, queue, reading, sent, settle, take, takeOne } from "@anybroker-internal/testkit/link";
import { expect, test } from "vitest";
import { emulatorForTest, open } from "./harness.ts";

test("a batch that is sent is received in order, and what is acked is gone", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  const batch = ["a", "b", "c"].map((id) => message(id, { headers: { n: id }, key: "k", type: "order.placed" }));
  expect(await sent(link, queue("orders"), batch)).toEqual(["accepted", "accepted", "accepted"]);
  const source = await reading(link, queue("orders"));
  const deliveries = await take(source, 3);
  expect(ids(deliveries)).toEqual(["a", "b", "c"]);
  expect(deliveries[0]).toMatchObject({ headers: { n: "a" }, key: "k", type: "order.placed", deliveries: 0 });
  expect(await settle(source, ...deliveries.map((delivery) => ({ action: "ack" as const, delivery })))).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
  expect(await link.native.client.createReceiver("orders").peekMessages(10)).toEqual([]);
});

test("a source holds at most its window", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const link = await open(emulator);
  await sent(
    link,
    queue("orders"),
    Array.from({ length: 5 }, (_, index) => message(`m${index}`)),
  );
  const source = await reading(link, queue("orders"), { window: 2 });
  const [first] = await take(source, 2);
  expect(await source.receive(5, live)).toEqual([]);
  if (first !== undefined) await settle(source, { action: "ack", delivery: first });
  expect((await takeOne(source)).id).toBe("m2");
  expect(await source.receive(5, live)).toEqual([]);
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
    return delivery.id?.startsWith("dead") ? { action: "deadLetter", delivery, headers: {} } : { action: "ack", delivery };
  });
  expect(await settle(source, ...actions)).toEqual(deliveries.map(() => undefined));
  expect((await takeOne(source)).id).toBe("released");
  expect(entity.queue.count("active")).toBe(1);
  expect(entity.deadLetters.count("active")).toBe(2);
});
