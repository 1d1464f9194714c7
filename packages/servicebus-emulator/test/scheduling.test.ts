import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

test("a scheduled message comes at its time, with a new sequence number", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString);
  const sender = client.createSender("q");
  const due = new Date(Date.now() + 1_000);
  const [number] = await sender.scheduleMessages({ body: "later" }, due);
  await sender.sendMessages({ body: "now" });
  const peeker = client.createReceiver("q");
  const peeked = await peeker.peekMessages(10);
  expect(peeked.map(({ body, state }) => [body, state])).toEqual([
    ["later", "scheduled"],
    ["now", "active"],
  ]);
  const receiver = client.createReceiver("q", { receiveMode: "receiveAndDelete" });
  expect((await receiveOne(receiver)).body).toBe("now");
  const message = await receiveOne(receiver);
  expect(message.body).toBe("later");
  expect(message.enqueuedTimeUtc?.getTime()).toBeGreaterThanOrEqual(due.getTime());
  expect(message.scheduledEnqueueTimeUtc).toEqual(due);
  expect(message.sequenceNumber?.toNumber()).toBeGreaterThan(number?.toNumber() ?? 0);
});

test("a message can be scheduled by sending it with a time", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString);
  const due = Date.now() + 600;
  await client.createSender("q").sendMessages({ body: 1, scheduledEnqueueTimeUtc: new Date(due) });
  await receiveOne(client.createReceiver("q"));
  expect(Date.now()).toBeGreaterThanOrEqual(due);
});

test("a cancelled message never comes, and cannot be cancelled again", async () => {
  const emulator = await emulatorForTest();
  const { queue } = emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString);
  const sender = client.createSender("q");
  const numbers = await sender.scheduleMessages([{ body: 1 }, { body: 2 }], new Date(Date.now() + 60_000));
  expect(queue.count("scheduled")).toBe(2);
  await sender.cancelScheduledMessages(numbers);
  expect(queue.count("scheduled")).toBe(0);
  await expect(sender.cancelScheduledMessages(numbers)).rejects.toMatchObject({ code: "MessageNotFound" });
});

test("a message scheduled on a topic reaches the subscriptions at its time", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createTopic("t");
  emulator.namespace.createSubscription("t", "s");
  const client = clientForTest(emulator.connectionString);
  const sender = client.createSender("t");
  const [cancelled] = await sender.scheduleMessages({ body: "never" }, new Date(Date.now() + 500));
  await sender.scheduleMessages({ body: "later" }, new Date(Date.now() + 500));
  if (cancelled !== undefined) await sender.cancelScheduledMessages(cancelled);
  expect((await receiveOne(client.createReceiver("t", "s"))).body).toBe("later");
});

test("peek goes through messages of any state, page after page", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString);
  const sender = client.createSender("q");
  await sender.sendMessages(Array.from({ length: 30 }, (_, n) => ({ body: n })));
  const peeker = client.createReceiver("q");
  const first = await peeker.peekMessages(20);
  const second = await peeker.peekMessages(20);
  expect([...first, ...second].map(({ body }) => body)).toEqual(Array.from({ length: 30 }, (_, n) => n));
  expect(await peeker.peekMessages(20)).toEqual([]);
});
