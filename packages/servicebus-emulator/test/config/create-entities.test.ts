import { expect, test } from "vitest";
import { createEntities } from "../../src/config/create-entities.ts";
import { parseEmulatorConfig } from "../../src/config/emulator-config.ts";
import { adminForTest, clientForTest, emulatorForTest, receiveOne } from "../with-emulator.ts";

const CONFIG = `{
  "UserConfig": {
    "Namespaces": [{
      "Name": "sbemulatorns",
      "Queues": [{ "Name": "q", "Properties": { "LockDuration": "PT5S", "MaxDeliveryCount": 7 } }],
      "Topics": [{
        "Name": "t",
        "Properties": { "DefaultMessageTimeToLive": "PT30M" },
        "Subscriptions": [
          { "Name": "all" },
          {
            "Name": "red", // forwards
            "Properties": { "ForwardTo": "q" },
            "Rules": [{
              "Name": "red",
              "Properties": { "FilterType": "Sql", "SqlFilter": { "SqlExpression": "color = 'red'" } }
            }]
          }
        ]
      }]
    }]
  }
}`;

test("the entities of a configuration are there, with their rules", async () => {
  const emulator = await emulatorForTest();
  createEntities(emulator.namespace, parseEmulatorConfig(CONFIG));
  const admin = await adminForTest(emulator);
  expect(await admin.getQueue("q")).toMatchObject({
    lockDuration: "PT5S",
    maxDeliveryCount: 7,
    defaultMessageTimeToLive: "PT1H",
    duplicateDetectionHistoryTimeWindow: "PT20S",
  });
  expect(await admin.getTopic("t")).toMatchObject({ defaultMessageTimeToLive: "PT30M" });
  expect(await admin.getRule("t", "all", "$Default")).toMatchObject({ filter: { sqlExpression: "1=1" } });
  expect(await admin.ruleExists("t", "red", "$Default")).toBe(false);

  const client = clientForTest(emulator.connectionString);
  await client.createSender("t").sendMessages([
    { body: 1, applicationProperties: { color: "blue" } },
    { body: 2, applicationProperties: { color: "red" } },
  ]);
  expect((await receiveOne(client.createReceiver("q"))).body).toBe(2);
});
