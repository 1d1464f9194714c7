import { createHmac } from "node:crypto";
import { once } from "node:events";
import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, plainClient, receiveOne } from "./with-emulator.ts";

test("a wrong key is refused", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString.replace("SAS_KEY_VALUE", "wrong"));
  await expect(client.createSender("q").sendMessages({ body: 1 })).rejects.toMatchObject({
    code: "UnauthorizedAccess",
    message: expect.stringContaining("InvalidSignature"),
  });
});

test("a key allows only what its claims say, and only for its entity", async () => {
  const emulator = await emulatorForTest({
    keys: [
      { name: "all", key: "1" },
      { name: "sender", key: "2", claims: ["Send"] },
      { name: "listener", key: "3", claims: ["Listen"] },
      { name: "one", key: "4", entity: "mine" },
    ],
  });
  emulator.namespace.createQueue("mine");
  emulator.namespace.createQueue("other");
  const as = (name: string, key: string) =>
    clientForTest(
      `Endpoint=sb://127.0.0.1:${emulator.port};SharedAccessKeyName=${name};SharedAccessKey=${key};UseDevelopmentEmulator=true;`,
    );
  const denied = { code: "UnauthorizedAccess" };
  await as("sender", "2").createSender("mine").sendMessages({ body: 1 });
  await expect(as("sender", "2").createReceiver("mine").receiveMessages(1)).rejects.toMatchObject(denied);
  await expect(as("sender", "2").createReceiver("mine").peekMessages(1)).rejects.toMatchObject(denied);
  await expect(as("listener", "3").createSender("mine").sendMessages({ body: 1 })).rejects.toMatchObject(denied);
  await receiveOne(as("listener", "3").createReceiver("mine"));
  await as("one", "4").createSender("mine").sendMessages({ body: 1 });
  await expect(as("one", "4").createSender("other").sendMessages({ body: 1 })).rejects.toMatchObject(denied);
});

test("a link is detached when the token that opened it expires", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createQueue("q");
  const connection = plainClient(emulator.port, "ANONYMOUS");
  const name = `sb://127.0.0.1:${emulator.port}/q`;
  const resource = encodeURIComponent(name);
  const expiry = Math.floor(Date.now() / 1000) + 2;
  const signature = createHmac("sha256", "SAS_KEY_VALUE").update(`${resource}\n${expiry}`).digest("base64");
  const token = `SharedAccessSignature sr=${resource}&sig=${encodeURIComponent(signature)}&se=${expiry}&skn=RootManageSharedAccessKey`;
  const answers = connection.open_receiver({ source: "$cbs", target: "here" });
  const requests = connection.open_sender("$cbs");
  await once(requests, "sendable");
  requests.send({
    message_id: "1",
    reply_to: "here",
    application_properties: { operation: "put-token", type: "servicebus.windows.net:sastoken", name },
    body: token,
  });
  const [{ message }] = await once(answers, "message");
  expect(message.application_properties["status-code"]).toBe(202);
  const receiver = connection.open_receiver("q");
  const [{ receiver: detached }] = await once(receiver, "receiver_error");
  expect(detached.error.condition).toBe("amqp:unauthorized-access");
  expect(Date.now()).toBeGreaterThanOrEqual(expiry * 1000);
});

test("a client whose token is for the dead letters alone can look at them, and receive them", async () => {
  const emulator = await emulatorForTest();
  const { deadLetters } = emulator.namespace.createQueue("q");
  const client = clientForTest(emulator.connectionString);
  const receiver = client.createReceiver("q");
  await client.createSender("q").sendMessages({ body: 1 });
  await receiver.deadLetterMessage(await receiveOne(receiver));
  const other = clientForTest(emulator.connectionString).createReceiver("q", { subQueueType: "deadLetter" });
  expect(await other.peekMessages(1)).toHaveLength(1);
  await other.completeMessage(await receiveOne(other));
  expect(deadLetters.count("active")).toBe(0);
});
