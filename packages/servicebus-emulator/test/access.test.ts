import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

const DEAD = { subQueueType: "deadLetter" } as const;

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
  await expect(as("listener", "3").createReceiver("mine", DEAD).peekMessages(1)).resolves.toEqual([]);
  await expect(
    as("listener", "3").createReceiver("mine", DEAD).receiveMessages(1, { maxWaitTimeInMs: 100 }),
  ).resolves.toEqual([]);
  await receiveOne(as("listener", "3").createReceiver("mine"));
  await as("one", "4").createSender("mine").sendMessages({ body: 1 });
  await expect(as("one", "4").createSender("other").sendMessages({ body: 1 })).rejects.toMatchObject(denied);
});
