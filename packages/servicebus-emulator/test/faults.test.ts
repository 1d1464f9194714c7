import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

async function queueForTest() {
  const emulator = await emulatorForTest();
  const { queue } = emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString);
  return { emulator, queue, client, sender: client.createSender("q") };
}

test("a busy server refuses as many sends as it was told to", async () => {
  const { emulator, queue, sender } = await queueForTest();
  emulator.faults.serverBusy("q", 2);
  for (let n = 0; n < 2; n++)
    await expect(sender.sendMessages({ body: n })).rejects.toMatchObject({ code: "ServiceBusy" });
  await sender.sendMessages({ body: 3 });
  expect(queue.count("active")).toBe(1);
});

test("locks that are lost give the message to the next receiver", async () => {
  const { emulator, client, sender } = await queueForTest();
  await sender.sendMessages({ body: 1 });
  const receiver = client.createReceiver("q");
  const message = await receiveOne(receiver);
  emulator.faults.loseLocks("q");
  await expect(receiver.completeMessage(message)).rejects.toMatchObject({ code: "MessageLockLost" });
  expect((await receiveOne(client.createReceiver("q"))).deliveryCount).toBe(1);
});

test("settlements are as late as they were told to be", async () => {
  const { emulator, client, sender } = await queueForTest();
  await sender.sendMessages({ body: 1 });
  const receiver = client.createReceiver("q");
  const message = await receiveOne(receiver);
  emulator.faults.delaySettlements("q", 500);
  const before = Date.now();
  await receiver.completeMessage(message);
  expect(Date.now() - before).toBeGreaterThanOrEqual(490);
});

for (const fault of ["detachLinks", "closeConnections", "cutConnections"] as const) {
  test(`a consumer goes on by itself after ${fault}`, async () => {
    const { emulator, client, sender } = await queueForTest();
    const got: unknown[] = [];
    client.createReceiver("q", { receiveMode: "receiveAndDelete" }).subscribe({
      processMessage: async ({ body }) => void got.push(body),
      processError: async () => undefined,
    });
    await sender.sendMessages({ body: 1 });
    await expect.poll(() => got).toEqual([1]);
    if (fault === "detachLinks") emulator.faults.detachLinks("q");
    else emulator.faults[fault]();
    await expect
      .poll(async () => {
        await sender.sendMessages({ body: 2 }).catch(() => undefined);
        return got.includes(2);
      })
      .toBe(true);
  });
}

test("sends at the same moment each get their own answer", async () => {
  const emulator = await emulatorForTest();
  const { queue } = emulator.namespace.createQueue("q", { requiresSession: true });
  const sender = clientForTest(emulator.connectionString).createSender("q");
  await sender.sendMessages({ body: 0, sessionId: "s" });
  const sends = [{ sessionId: "s" }, {}, { sessionId: "s" }].map((more) => sender.sendMessages({ body: 1, ...more }));
  const states = (await Promise.allSettled(sends)).map(({ status }) => status);
  expect(states).toEqual(["fulfilled", "rejected", "fulfilled"]);
  expect(queue.count("active")).toBe(3);
});
