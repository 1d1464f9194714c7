import type { ServiceBusReceivedMessage } from "@azure/service-bus";
import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

async function queueForTest(
  options: Parameters<Awaited<ReturnType<typeof emulatorForTest>>["namespace"]["createQueue"]>[1] = {},
) {
  const emulator = await emulatorForTest();
  const queue = emulator.namespace.createQueue("q", options);
  const client = clientForTest(emulator.connectionString);
  return { emulator, queue, client, sender: client.createSender("q"), receiver: client.createReceiver("q") };
}

const bodies = (messages: readonly ServiceBusReceivedMessage[]): unknown[] => messages.map(({ body }) => body);

test("an abandoned message comes again at once, with a higher delivery count and the changed properties", async () => {
  const { sender, receiver } = await queueForTest();
  await sender.sendMessages([{ body: 1, applicationProperties: { kept: true, changed: 1 } }, { body: 2 }]);
  const first = await receiveOne(receiver);
  expect(first.deliveryCount).toBe(0);
  await receiver.abandonMessage(first, { changed: 2, added: "x" });
  const again = await receiveOne(receiver);
  expect(again.body).toBe(1);
  expect(again.deliveryCount).toBe(1);
  expect(again.applicationProperties).toEqual({ kept: true, changed: 2, added: "x" });
});

test("a dead-lettered message is in the dead-letter queue, with reason, description and properties", async () => {
  const { client, sender, receiver } = await queueForTest();
  await sender.sendMessages({ body: "bad", messageId: "m", applicationProperties: { a: 1 } });
  await receiver.deadLetterMessage(await receiveOne(receiver), {
    deadLetterReason: "broken",
    deadLetterErrorDescription: "cannot be read",
    extra: "yes",
  });
  const dead = client.createReceiver("q", { subQueueType: "deadLetter" });
  const message = await receiveOne(dead);
  expect(message).toMatchObject({
    body: "bad",
    messageId: "m",
    deadLetterReason: "broken",
    deadLetterErrorDescription: "cannot be read",
  });
  expect(message.applicationProperties).toMatchObject({ a: 1, extra: "yes" });
  await dead.completeMessage(message);
  expect(await receiver.peekMessages(1)).toEqual([]);
});

test("a message that is delivered too often is dead-lettered", async () => {
  const { client, sender, receiver } = await queueForTest({ maxDeliveryCount: 2 });
  await sender.sendMessages({ body: 1 });
  await receiver.abandonMessage(await receiveOne(receiver));
  await receiver.abandonMessage(await receiveOne(receiver));
  const message = await receiveOne(client.createReceiver("q", { subQueueType: "deadLetter" }));
  expect(message.deadLetterReason).toBe("MaxDeliveryCountExceeded");
});

test("a deferred message is received by its sequence number only, and deferring counts as a delivery", async () => {
  const { client, sender, receiver } = await queueForTest();
  await sender.sendMessages([{ body: "later" }, { body: "now" }]);
  const [later, now] = await receiver.receiveMessages(2);
  if (later?.sequenceNumber === undefined || now === undefined) throw new Error("two messages were sent");
  await receiver.deferMessage(later, { seen: true });
  await receiver.completeMessage(now);
  const peeked = await client.createReceiver("q").peekMessages(10);
  expect(peeked.map(({ state, body }) => [state, body])).toEqual([["deferred", "later"]]);

  const [deferred] = await receiver.receiveDeferredMessages(later.sequenceNumber);
  if (deferred === undefined) throw new Error("the message was deferred");
  expect(deferred).toMatchObject({ body: "later", deliveryCount: 1, applicationProperties: { seen: true } });
  await receiver.completeMessage(deferred);
  await expect(receiver.receiveDeferredMessages(later.sequenceNumber)).rejects.toMatchObject({
    code: "MessageNotFound",
  });
});

test("in the mode receive-and-delete messages are gone as soon as they are received", async () => {
  const { client, sender } = await queueForTest();
  await sender.sendMessages([{ body: 1 }, { body: 2 }, { body: 3 }]);
  const taking = client.createReceiver("q", { receiveMode: "receiveAndDelete" });
  expect(bodies(await taking.receiveMessages(2))).toEqual([1, 2]);
  await taking.close();
  expect(bodies(await client.createReceiver("q").peekMessages(10))).toEqual([3]);
});

test("a batch keeps each message with its own id, properties and order", async () => {
  const { sender, receiver } = await queueForTest();
  const batch = await sender.createMessageBatch();
  for (let n = 0; n < 100; n++) batch.tryAddMessage({ body: n, messageId: `id-${n}`, applicationProperties: { n } });
  await sender.sendMessages(batch);
  const messages = await receiver.receiveMessages(100);
  expect(messages.map(({ body, messageId }) => [body, messageId])).toEqual(
    Array.from({ length: 100 }, (_, n) => [n, `id-${n}`]),
  );
});

test("a lock that runs out gives the message to another receiver, and its settlement fails", async () => {
  const { client, sender } = await queueForTest({ lockDuration: 300 });
  await sender.sendMessages({ body: 1 });
  const receiver = client.createReceiver("q", { maxAutoLockRenewalDurationInMs: 0 });
  const late = await receiveOne(receiver);
  const again = await receiveOne(client.createReceiver("q"));
  expect(again.deliveryCount).toBe(1);
  await expect(receiver.completeMessage(late)).rejects.toMatchObject({ code: "MessageLockLost" });
});

test("a renewed lock lasts longer", async () => {
  const { client, sender, receiver, queue } = await queueForTest({ lockDuration: 1_000 });
  await sender.sendMessages({ body: 1 });
  const message = await receiveOne(receiver);
  const other = client.createReceiver("q").receiveMessages(1, { maxWaitTimeInMs: 1_500 });
  for (let n = 0, until = message.lockedUntilUtc; n < 4; n++) {
    // The half of the lock is over.
    await expect.poll(() => Number(until) - Date.now()).toBeLessThan(600);
    until = await receiver.renewMessageLock(message);
    expect(until.getTime()).toBeGreaterThan(Date.now() + 600);
  }
  expect(await other).toEqual([]);
  await receiver.completeMessage(message);
  expect(queue.queue.count("active")).toBe(0);
});

test("a message can be settled after the receiver that got it is closed", async () => {
  const { client, sender, receiver } = await queueForTest();
  await sender.sendMessages([{ body: 1 }, { body: 2 }]);
  const [one, two] = await receiver.receiveMessages(2);
  if (one === undefined || two === undefined) throw new Error("two messages were sent");
  await receiver.close();
  const other = client.createReceiver("q");
  await other.completeMessage(one);
  await other.deadLetterMessage(two, { deadLetterReason: "late", deadLetterErrorDescription: "" });
  expect(await other.peekMessages(10)).toEqual([]);
  const dead = await client.createReceiver("q", { subQueueType: "deadLetter" }).peekMessages(10);
  expect(dead.map(({ body, deadLetterReason }) => [body, deadLetterReason])).toEqual([[2, "late"]]);
});

test("a message without message id is given one", async () => {
  const { sender, receiver } = await queueForTest();
  await sender.sendMessages({ body: 1 });
  expect((await receiveOne(receiver)).messageId).toMatch(/^[0-9a-f]{32}$/);
});

test("a client gets no more messages than it granted credit for", async () => {
  const { client, sender, receiver, queue } = await queueForTest();
  await sender.sendMessages(Array.from({ length: 20 }, (_, n) => ({ body: n })));
  const handled = Promise.withResolvers<void>();
  const held: unknown[] = [];
  receiver.subscribe(
    {
      processMessage: async ({ body }) => {
        held.push(body);
        await handled.promise;
      },
      processError: async () => undefined,
    },
    { maxConcurrentCalls: 4, autoCompleteMessages: false },
  );
  await expect.poll(() => held).toEqual([0, 1, 2, 3]);
  const rest = client.createReceiver("q");
  expect(bodies(await rest.receiveMessages(20, { maxWaitTimeInMs: 1_000 }))).toEqual(
    Array.from({ length: 16 }, (_, n) => n + 4),
  );
  expect(queue.queue.count("active")).toBe(20);
  handled.resolve();
});
