import { expect, test } from "vitest";
import { clientForTest, emulatorForTest, receiveOne } from "./with-emulator.ts";

test("each subscription gets its own copy of a message", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createTopic("news");
  emulator.namespace.createSubscription("news", "one");
  emulator.namespace.createSubscription("news", "two");
  const client = clientForTest(emulator.connectionString);
  await client.createSender("news").sendMessages({ body: "hello" });
  for (const name of ["one", "two"]) {
    const receiver = client.createReceiver("news", name);
    const message = await receiveOne(receiver);
    expect(message.body).toBe("hello");
    await receiver.deadLetterMessage(message);
    const dead = client.createReceiver("news", name, { subQueueType: "deadLetter" });
    expect((await receiveOne(dead)).body).toBe("hello");
  }
});

test("rules are managed over AMQP, and decide what a subscription gets", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createTopic("t");
  emulator.namespace.createSubscription("t", "s");
  const client = clientForTest(emulator.connectionString);
  const rules = client.createRuleManager("t", "s");
  await rules.deleteRule("$Default");
  await rules.createRule("red", { sqlExpression: "color = 'red' AND size > 3" }, { sqlExpression: "SET seen = 'sql'" });
  await rules.createRule("blue", { subject: "blue", applicationProperties: { n: 7 } });
  const found: unknown[] = [];
  for await (const { name, filter, action } of rules.listRules()) found.push([name, filter, action]);
  expect(found).toMatchObject([
    ["red", { sqlExpression: "color = 'red' AND size > 3" }, { sqlExpression: "SET seen = 'sql'" }],
    ["blue", { subject: "blue", applicationProperties: { n: 7 } }, {}],
  ]);

  await client.createSender("t").sendMessages([
    { body: 1, applicationProperties: { color: "red", size: 4 } },
    { body: 2, applicationProperties: { color: "red", size: 3 } },
    { body: 3, subject: "blue", applicationProperties: { n: 7 } },
    { body: 4, subject: "blue", applicationProperties: { n: 8 } },
  ]);
  const messages = await client.createReceiver("t", "s").receiveMessages(10);
  expect(messages.map(({ body, applicationProperties }) => [body, applicationProperties])).toEqual([
    [1, { color: "red", size: 4, seen: "sql" }],
    [3, { n: 7 }],
  ]);
  await expect(rules.createRule("red", { sqlExpression: "1=1" })).rejects.toThrow(/already exists/);
  await expect(rules.createRule("bad", { sqlExpression: "color = = 1" })).rejects.toThrow(/parsing the SQL expression/);
  await expect(rules.deleteRule("none")).rejects.toThrow(/could not be found/);
});

test("a topic has no receivers, and a queue has no rules", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createTopic("t");
  const client = clientForTest(emulator.connectionString);
  await expect(client.createReceiver("t").receiveMessages(1)).rejects.toThrow();
  await expect(client.createSender("none").sendMessages({ body: 1 })).rejects.toMatchObject({
    code: "MessagingEntityNotFound",
  });
});

test("a message without session id is a dead letter of a subscription with sessions", async () => {
  const emulator = await emulatorForTest();
  emulator.namespace.createTopic("t");
  emulator.namespace.createSubscription("t", "s", { requiresSession: true });
  const client = clientForTest(emulator.connectionString);
  await client.createSender("t").sendMessages({ body: 1 });
  const dead = await receiveOne(client.createReceiver("t", "s", { subQueueType: "deadLetter" }));
  expect(dead.deadLetterReason).toBe("Session id is null.");
});
