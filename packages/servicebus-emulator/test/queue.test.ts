import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

test("a sent message is received under a lock, and is gone once it is completed", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("orders");
  const client = clientForTest(emulator.connectionString);

  const properties = { n: 7, text: "ä", yes: true };
  await client.createSender("orders").sendMessages({ body: { id: 1 }, applicationProperties: properties });
  const receiver = client.createReceiver("orders");
  const message = await receiveOne(receiver);
  expect(message.body).toEqual({ id: 1 });
  expect(message.applicationProperties).toEqual(properties);
  await receiver.completeMessage(message);
  expect(await client.createReceiver("orders").peekMessages(10)).toEqual([]);
});
