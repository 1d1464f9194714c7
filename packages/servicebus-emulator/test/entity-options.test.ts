import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

test("an expired message is gone, or a dead letter where the queue says so", async () => {
  const emulator = await emulatorForTest();
  const gone = emulator.namespace.createQueue("gone");
  const kept = emulator.namespace.createQueue("kept", { deadLetterOnExpiration: true });
  emulator.namespace.createQueue("default", { defaultTimeToLive: 300, deadLetterOnExpiration: true });
  const client = clientForTest(emulator.connectionString);
  await client.createSender("gone").sendMessages({ body: 1, timeToLive: 300 });
  await client.createSender("kept").sendMessages({ body: 1, timeToLive: 300 });
  await client.createSender("default").sendMessages({ body: 1 });
  // Nobody receives: the entity finds out by itself.
  await expect.poll(() => kept.deadLetters.count("active")).toBe(1);
  expect(kept.queue.count("active")).toBe(0);
  await expect.poll(() => gone.queue.count("active")).toBe(0);
  expect(gone.deadLetters.count("active")).toBe(0);
  for (const name of ["kept", "default"]) {
    const dead = await receiveOne(client.createReceiver(name, { subQueueType: "deadLetter" }));
    expect(dead.deadLetterReason).toBe("TTLExpiredException");
  }
});

test("with duplicate detection, a message id is accepted once in the window", async () => {
  const emulator = await emulatorForTest();
  const { queue } = emulator.namespace.createQueue("q", {
    requiresDuplicateDetection: true,
    duplicateDetectionWindow: 1_000,
  });
  const client = clientForTest(emulator.connectionString);
  const sender = client.createSender("q");
  await sender.sendMessages({ body: 1, messageId: "same" });
  await sender.sendMessages([
    { body: 2, messageId: "same" },
    { body: 3, messageId: "other" },
  ]);
  expect(queue.count("active")).toBe(2);
  await expect
    .poll(async () => {
      await sender.sendMessages({ body: 4, messageId: "same" });
      return queue.count("active");
    })
    .toBe(3);
});

test("messages are forwarded, and what cannot be is a dead letter of the transfer", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("last");
  emulator.namespace.createTopic("middle");
  emulator.namespace.createSubscription("middle", "s", { forwardTo: "last" });
  const first = emulator.namespace.createQueue("first", { forwardTo: "middle" });
  const client = clientForTest(emulator.connectionString);
  await client.createSender("first").sendMessages({ body: 1, messageId: "m" });
  const message = await receiveOne(client.createReceiver("last"));
  expect(message).toMatchObject({ body: 1, messageId: "m" });
  await expect(client.createReceiver("first").receiveMessages(1)).rejects.toThrow(/forwarded/);

  emulator.namespace.delete("middle");
  await client.createSender("first").sendMessages({ body: 2 });
  expect(first.transferDeadLetters.count("active")).toBe(1);
  const transfer = client.createReceiver("first", { subQueueType: "transferDeadLetter" });
  expect((await receiveOne(transfer)).body).toBe(2);
});

test("dead letters are forwarded, and say where they come from", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("graveyard");
  emulator.namespace.createQueue("q", { forwardDeadLettersTo: "graveyard" });
  const client = clientForTest(emulator.connectionString);
  await client.createSender("q").sendMessages({ body: 1 });
  const receiver = client.createReceiver("q");
  await receiver.deadLetterMessage(await receiveOne(receiver), {
    deadLetterReason: "why",
    deadLetterErrorDescription: "",
  });
  const message = await receiveOne(client.createReceiver("graveyard"));
  expect(message).toMatchObject({ body: 1, deadLetterSource: "q", deadLetterReason: "why" });
});

test("a deleted queue detaches its receivers", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString);
  const codes: unknown[] = [];
  client.createReceiver("q").subscribe({
    processMessage: async () => undefined,
    processError: async ({ error }) => {
      codes.push("code" in error ? error.code : error);
    },
  });
  await expect.poll(() => [...(emulator.namespace.find("q")?.attachments ?? [])].length).toBe(1);
  emulator.namespace.delete("q");
  await expect.poll(() => codes).toContain("MessagingEntityNotFound");
});

test("an entity that nobody uses is deleted after its idle time", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("used", { autoDeleteOnIdle: 400 });
  emulator.namespace.createQueue("idle", { autoDeleteOnIdle: 400 });
  const client = clientForTest(emulator.connectionString);
  const receiving = client.createReceiver("used").receiveMessages(1, { maxWaitTimeInMs: 1_500 });
  await expect.poll(() => emulator.namespace.find("idle")).toBeUndefined();
  await receiving;
  expect(emulator.namespace.find("used")).toBeDefined();
});

test("a message larger than the entity takes is refused", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q", { maxMessageSize: 1024 });
  const client = clientForTest(emulator.connectionString);
  const sender = client.createSender("q");
  await expect(sender.sendMessages({ body: "x".repeat(2000) })).rejects.toMatchObject({ code: "MessageSizeExceeded" });
  await expect(sender.sendMessages({ body: "x".repeat(300_000) })).rejects.toMatchObject({
    code: "MessageSizeExceeded",
  });
  await sender.sendMessages({ body: "x" });
  expect((await sender.createMessageBatch()).maxSizeInBytes).toBe(1024);
});

test("a full entity refuses messages", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q", { maxSize: 1000 });
  const sender = clientForTest(emulator.connectionString).createSender("q");
  await sender.sendMessages({ body: "x".repeat(600) });
  await expect(sender.sendMessages({ body: "x".repeat(600) })).rejects.toMatchObject({ code: "QuotaExceeded" });
});

test("a disabled entity refuses both sides", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q", { status: "Disabled" });
  const client = clientForTest(emulator.connectionString);
  await expect(client.createSender("q").sendMessages({ body: 1 })).rejects.toMatchObject({
    code: "MessagingEntityDisabled",
  });
  await expect(client.createReceiver("q").receiveMessages(1)).rejects.toMatchObject({
    code: "MessagingEntityDisabled",
  });
});
