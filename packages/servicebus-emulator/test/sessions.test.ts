import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

async function sessionsForTest(lockDuration = 60_000) {
  const emulator = await emulatorForTest();
  const entity = emulator.namespace.createQueue("q", { requiresSession: true, lockDuration });
  const client = clientForTest(emulator.connectionString);
  return { emulator, entity, client, sender: client.createSender("q") };
}

test("a session gives its messages in order to one receiver at a time", async () => {
  const { client, sender } = await sessionsForTest();
  await sender.sendMessages([
    { body: "a1", sessionId: "a" },
    { body: "b1", sessionId: "b" },
    { body: "a2", sessionId: "a" },
  ]);
  const receiver = await client.acceptSession("q", "a");
  expect((await receiver.receiveMessages(10)).map(({ body }) => body)).toEqual(["a1", "a2"]);
  await expect(client.acceptSession("q", "a")).rejects.toMatchObject({ code: "SessionCannotBeLocked" });
  const next = await client.acceptNextSession("q");
  expect(next.sessionId).toBe("b");
});

test("a closed session gives its unsettled messages back in order, without counting a delivery", async () => {
  const { client, sender } = await sessionsForTest();
  await sender.sendMessages(["1", "2", "3"].map((body) => ({ body, sessionId: "s" })));
  const first = await client.acceptSession("q", "s");
  const [one] = await first.receiveMessages(3);
  if (one === undefined) throw new Error("three messages were sent");
  await first.completeMessage(one);
  await first.close();
  const second = await client.acceptSession("q", "s");
  const rest = await second.receiveMessages(2);
  expect(rest.map(({ body, deliveryCount }) => [body, deliveryCount])).toEqual([
    ["2", 0],
    ["3", 0],
  ]);
});

test("a waiting accept gets the session of the next message", async () => {
  const { client, sender } = await sessionsForTest();
  const accepting = client.acceptNextSession("q");
  await sender.sendMessages({ body: 1, sessionId: "late" });
  const receiver = await accepting;
  expect(receiver.sessionId).toBe("late");
  expect((await receiveOne(receiver)).body).toBe(1);
});

test("an accept waits as long as the client says, then fails with a time-out", async () => {
  const { emulator } = await sessionsForTest();
  const client = clientForTest(emulator.connectionString, 2_000);
  const before = Date.now();
  await expect(client.acceptNextSession("q")).rejects.toMatchObject({ code: "ServiceTimeout" });
  expect(Date.now() - before).toBeGreaterThan(1_000);
});

test("the state of a session is kept while it has none of its messages", async () => {
  const { client, sender } = await sessionsForTest();
  await sender.sendMessages({ body: 1, sessionId: "s" });
  const receiver = await client.acceptSession("q", "s");
  expect(await receiver.getSessionState()).toBeNull();
  await receiver.setSessionState(Buffer.from("half done"));
  await receiver.completeMessage(await receiveOne(receiver));
  await receiver.close();
  const again = await client.acceptSession("q", "s");
  expect(`${await again.getSessionState()}`).toBe("half done");
  await again.setSessionState(null);
  expect(await again.getSessionState()).toBeNull();
});

test("a session whose lock runs out is lost, and its messages count as delivered", async () => {
  const { client, sender } = await sessionsForTest(500);
  await sender.sendMessages({ body: 1, sessionId: "s" });
  const first = await client.acceptSession("q", "s", { maxAutoLockRenewalDurationInMs: 0 });
  const message = await receiveOne(first);
  await expect.poll(() => first.isClosed).toBe(true);
  await expect(first.completeMessage(message)).rejects.toMatchObject({ code: "SessionLockLost" });
  const second = await client.acceptNextSession("q");
  expect((await receiveOne(second)).deliveryCount).toBe(1);
});

test("the lock of a session is renewed with that of its messages", async () => {
  const { client, sender } = await sessionsForTest(1_000);
  await sender.sendMessages({ body: 1, sessionId: "s" });
  const receiver = await client.acceptSession("q", "s", { maxAutoLockRenewalDurationInMs: 0 });
  const message = await receiveOne(receiver);
  for (let n = 0, until = receiver.sessionLockedUntilUtc; n < 4; n++) {
    // The half of the lock is over.
    await expect.poll(() => until.getTime() - Date.now()).toBeLessThan(600);
    until = await receiver.renewSessionLock();
    expect(until.getTime()).toBeGreaterThan(Date.now() + 600);
  }
  await receiver.completeMessage(message);
});

test("a deferred message of a session is received within the session", async () => {
  const { client, sender } = await sessionsForTest();
  await sender.sendMessages({ body: 1, sessionId: "s" });
  const receiver = await client.acceptSession("q", "s");
  const message = await receiveOne(receiver);
  if (message.sequenceNumber === undefined) throw new Error("a received message has a sequence number");
  await receiver.deferMessage(message);
  const [deferred] = await receiver.receiveDeferredMessages(message.sequenceNumber);
  if (deferred === undefined) throw new Error("the message was deferred");
  await receiver.completeMessage(deferred);
  expect(await receiver.peekMessages(1)).toEqual([]);
});

test("an entity with sessions refuses receivers and messages without one, and the reverse", async () => {
  const { emulator, client, sender } = await sessionsForTest();
  emulator.namespace.createQueue("plain");
  await expect(client.createReceiver("q").receiveMessages(1)).rejects.toThrow(/requires sessions/);
  await expect(sender.sendMessages({ body: 1 })).rejects.toThrow(/SessionId was not set/);
  await expect(client.acceptSession("plain", "s")).rejects.toThrow(/requested session/);
});

test("a waiting accept ends when the entity is deleted", async () => {
  const { emulator, client } = await sessionsForTest();
  const accepting = client.acceptNextSession("q");
  await expect.poll(() => emulator.namespace.find("q")?.attachments.size).toBe(1);
  emulator.namespace.delete("q");
  await expect(accepting).rejects.toMatchObject({ code: "MessagingEntityNotFound" });
});
