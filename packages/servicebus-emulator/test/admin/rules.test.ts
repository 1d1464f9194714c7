import type { ServiceBusAdministrationClient, ServiceBusClient } from "@azure/service-bus";
import { beforeEach, describe, expect, test } from "vitest";
import { adminForTest, clientForTest, emulatorForTest } from "../with-emulator.ts";
import { refusalOf } from "./admin-client.ts";

let admin: ServiceBusAdministrationClient;
let client: ServiceBusClient;

beforeEach(async () => {
  const emulator = await emulatorForTest();
  admin = await adminForTest(emulator);
  client = clientForTest(emulator.connectionString);
  await admin.createTopic("topic");
  await admin.createSubscription("topic", "sub");
});

const ruleNames = async (subscription = "sub"): Promise<string[]> => {
  const names: string[] = [];
  for await (const rule of admin.listRules("topic", subscription)) names.push(rule.name);
  return names;
};

/** What the subscription has got, in order. */
const received = async (count: number): Promise<Record<string, unknown>[]> => {
  const receiver = client.createReceiver("topic", "sub", { receiveMode: "receiveAndDelete" });
  const all: Record<string, unknown>[] = [];
  while (all.length < count) {
    const messages = await receiver.receiveMessages(10, { maxWaitTimeInMs: 10_000 });
    if (messages.length === 0) break;
    all.push(
      ...messages.map(({ body, subject, applicationProperties }) => ({ body, subject, ...applicationProperties })),
    );
  }
  expect((await admin.getSubscriptionRuntimeProperties("topic", "sub")).totalMessageCount).toBe(0);
  return all;
};

describe("a rule", () => {
  test("of a new subscription is true, unless the subscription is created with another one", async () => {
    expect(await ruleNames()).toEqual(["$Default"]);
    expect((await admin.getRule("topic", "sub", "$Default")).filter).toEqual({ sqlExpression: "1=1" });
    await admin.createSubscription("topic", "red", {
      defaultRuleOptions: { name: "red-only", filter: { applicationProperties: { color: "red" } } },
    });
    expect(await ruleNames("red")).toEqual(["red-only"]);
  });

  test("is created, read, updated and deleted as it was written", async () => {
    const parameters = { "@text": "a", "@number": 7.5, "@yes": true };
    const filter = { sqlExpression: "a = @text OR b < @number OR c = @yes", sqlParameters: parameters };
    const action = { sqlExpression: "SET x = @text; REMOVE [y z]", sqlParameters: { "@text": "<&>" } };
    await admin.createRule("topic", "sub", "rule", filter, action);
    expect(await admin.getRule("topic", "sub", "rule")).toMatchObject({ name: "rule", filter, action });

    const correlation = {
      correlationId: "1",
      subject: "2",
      to: "3",
      replyTo: "4",
      replyToSessionId: "5",
      sessionId: "6",
      messageId: "7",
      contentType: "8",
      applicationProperties: { text: "a b", number: 1, yes: false, date: new Date("2020-07-05T11:12:13Z") },
    };
    const rule = await admin.getRule("topic", "sub", "rule");
    await admin.updateRule("topic", "sub", { ...rule, filter: correlation, action: {} });
    const updated = await admin.getRule("topic", "sub", "rule");
    expect(updated.filter).toEqual(correlation);
    expect(updated.action).toEqual({});

    await admin.deleteRule("topic", "sub", "$Default");
    expect(await ruleNames()).toEqual(["rule"]);
    expect(await admin.ruleExists("topic", "sub", "$Default")).toBe(false);
  });

  test("selects messages by SQL, with typed properties", async () => {
    await admin.deleteRule("topic", "sub", "$Default");
    await admin.createRule("topic", "sub", "sql", {
      sqlExpression: "sys.Label LIKE 'a%' AND (n > 6 AND n < @limit OR EXISTS(flag) AND flag = TRUE)",
      sqlParameters: { "@limit": 7.5 },
    });
    await client.createSender("topic").sendMessages([
      { body: 1, subject: "ab", applicationProperties: { n: 7 } },
      { body: 2, subject: "ab", applicationProperties: { n: 8 } },
      { body: 3, subject: "ab", applicationProperties: { n: 7.25 } },
      { body: 4, subject: "b", applicationProperties: { n: 7 } },
      { body: 5, subject: "a", applicationProperties: { flag: true } },
      { body: 6, subject: "a" },
    ]);
    expect((await received(3)).map(({ body }) => body)).toEqual([1, 3, 5]);
  });

  test("selects messages by correlation", async () => {
    await admin.deleteRule("topic", "sub", "$Default");
    await admin.createRule("topic", "sub", "rule", { subject: "a", applicationProperties: { n: 7, color: "red" } });
    await client.createSender("topic").sendMessages([
      { body: 1, subject: "a", applicationProperties: { n: 7, color: "Red" } },
      { body: 2, subject: "b", applicationProperties: { n: 7, color: "red" } },
      { body: 3, subject: "a", applicationProperties: { n: 8, color: "red" } },
      { body: 4, subject: "a", applicationProperties: { n: 7, color: "red" } },
    ]);
    expect((await received(1)).map(({ body }) => body)).toEqual([4]);
  });

  test("with an action makes a changed copy of its own", async () => {
    const action = { sqlExpression: "SET color = 'red'; SET n = n + 1; SET sys.Label = 'changed'; REMOVE gone" };
    await admin.createRule("topic", "sub", "acts", { sqlExpression: "n = 7" }, action);
    const properties = { n: 7, gone: 1, kept: 1.5 };
    await client.createSender("topic").sendMessages({ body: "x", subject: "old", applicationProperties: properties });
    expect(await received(2)).toEqual([
      { body: "x", subject: "old", n: 7, gone: 1, kept: 1.5 },
      { body: "x", subject: "changed", n: 8, kept: 1.5, color: "red" },
    ]);
  });

  test("that fails on a message makes a dead letter of it", async () => {
    await admin.deleteRule("topic", "sub", "$Default");
    await admin.createRule("topic", "sub", "fails", { sqlExpression: "n = 'seven'" });
    await client.createSender("topic").sendMessages({ body: "x", applicationProperties: { n: 7 } });
    const receiver = client.createReceiver("topic", "sub", { subQueueType: "deadLetter" });
    const [letter] = await receiver.receiveMessages(1, { maxWaitTimeInMs: 10_000 });
    expect(letter?.deadLetterErrorDescription).toBe(
      "Operator '=' cannot be applied to operands of type 'long' and 'string'.",
    );
  });
});

describe("a rule is refused", () => {
  test("with a syntax error, and the error says where", async () => {
    const refusal = await refusalOf(admin.createRule("topic", "sub", "rule", { sqlExpression: "color = 'red" }));
    expect(refusal).toMatchObject({ status: 400, code: "ServiceError" });
    expect(refusal.message).toContain(
      "There was an error parsing the SQL expression. [Token line number = 1,Token line offset = 9,Token in error = '",
    );
    expect(await ruleNames()).toEqual(["$Default"]);
  });

  test("with a name that is there, or for a subscription that is not", async () => {
    const filter = { sqlExpression: "1=1" };
    await admin.createRule("topic", "sub", "rule", filter);
    expect(await refusalOf(admin.createRule("topic", "sub", "rule", filter))).toMatchObject({
      status: 409,
      code: "MessageEntityAlreadyExistsError",
      message: expect.stringContaining("The messaging entity 'sbemulatorns:Topic:topic|sub|rule' already exists."),
    });
    expect(await refusalOf(admin.createRule("topic", "gone", "rule", filter))).toMatchObject({ status: 404 });
    expect(await refusalOf(admin.deleteRule("topic", "sub", "gone"))).toMatchObject({
      status: 404,
      message: expect.stringContaining("Entity 'sbemulatorns:Topic:topic|sub|gone' was not found."),
    });
  });
});
