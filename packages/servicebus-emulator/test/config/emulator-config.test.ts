import { describe, expect, test } from "vitest";
import { parseEmulatorConfig } from "../../src/config/emulator-config.ts";
import { ConfigError } from "../../src/config/object-reader.ts";

const EXAMPLE = `{
  // A comment, as Microsoft's examples have them.
  "UserConfig": {
    "Namespaces": [
      {
        "Name": "sbemulatorns",
        "Queues": [
          {
            "Name": "queue.1",
            "Properties": {
              "DeadLetteringOnMessageExpiration": true,
              "DefaultMessageTimeToLive": "PT10M",
              "DuplicateDetectionHistoryTimeWindow": "PT1M",
              "ForwardDeadLetteredMessagesTo": "",
              "ForwardTo": "",
              "LockDuration": "PT2S",
              "MaxDeliveryCount": 10,
              "RequiresDuplicateDetection": true,
              "RequiresSession": true
            }
          },
          { "Name": "plain" }
        ],
        "Topics": [
          {
            "Name": "topic.1",
            "Properties": { "DefaultMessageTimeToLive": "PT5M", "RequiresDuplicateDetection": false },
            "Subscriptions": [
              {
                "Name": "subscription.1",
                "Properties": { "ForwardTo": "plain", "ForwardDeadLetteredMessagesTo": "QUEUE.1" },
                "Rules": [
                  {
                    "Name": "correlation",
                    "Properties": {
                      "FilterType": "Correlation",
                      "CorrelationFilter": {
                        "ContentType": "application/text",
                        "Label": "subject1",
                        "Properties": { "prop1": "value1", "n": 7, "d": 7.5, "b": true }
                      }
                    }
                  },
                  {
                    "Name": "sql", /* and another one */
                    "Properties": {
                      "FilterType": "Sql",
                      "SqlFilter": { "SqlExpression": "sys.MessageId = '123' AND prop = 'a // b'" },
                      "Action": { "SqlExpression": "SET sys.To = 'Entity'" }
                    }
                  },
                ],
              }
            ]
          }
        ]
      }
    ],
    "Logging": { "Type": "File" }
  }
}`;

test("a configuration of Microsoft's emulator is read, with its comments", () => {
  expect(parseEmulatorConfig(EXAMPLE)).toEqual({
    namespace: "sbemulatorns",
    queues: [
      {
        name: "queue.1",
        lockDuration: 2000,
        maxDeliveryCount: 10,
        requiresSession: true,
        defaultTimeToLive: 600_000,
        deadLetterOnExpiration: true,
        forwardTo: undefined,
        forwardDeadLettersTo: undefined,
        requiresDuplicateDetection: true,
        duplicateDetectionWindow: 60_000,
      },
      {
        name: "plain",
        lockDuration: 60_000,
        maxDeliveryCount: 3,
        requiresSession: false,
        defaultTimeToLive: 3_600_000,
        deadLetterOnExpiration: false,
        forwardTo: undefined,
        forwardDeadLettersTo: undefined,
        requiresDuplicateDetection: false,
        duplicateDetectionWindow: 20_000,
      },
    ],
    topics: [
      {
        name: "topic.1",
        defaultTimeToLive: 300_000,
        requiresDuplicateDetection: false,
        duplicateDetectionWindow: 20_000,
        subscriptions: [
          {
            name: "subscription.1",
            lockDuration: 60_000,
            maxDeliveryCount: 3,
            requiresSession: false,
            defaultTimeToLive: 3_600_000,
            deadLetterOnExpiration: false,
            forwardTo: "plain",
            forwardDeadLettersTo: "QUEUE.1",
            rules: [
              {
                name: "correlation",
                filter: {
                  type: "correlation",
                  contentType: "application/text",
                  label: "subject1",
                  properties: {
                    prop1: { type: "string", text: "value1" },
                    n: { type: "long", text: "7" },
                    d: { type: "double", text: "7.5" },
                    b: { type: "boolean", text: "true" },
                  },
                },
              },
              {
                name: "sql",
                filter: { type: "sql", expression: "sys.MessageId = '123' AND prop = 'a // b'", parameters: {} },
                action: { expression: "SET sys.To = 'Entity'", parameters: {} },
              },
            ],
          },
        ],
      },
    ],
  });
});

const namespace = "UserConfig.Namespaces[0]";
const queue = `${namespace}.Queues[0]`;
const subscription = `${namespace}.Topics[0].Subscriptions[0]`;
const rule = `${subscription}.Rules[0]`;

describe("a configuration is refused, and the message names the path", () => {
  // What is replaced in the example, by what, and the error.
  test.each([
    ['"LockDuration": "PT2S"', '"LockDuration": "2 s"', `${queue}.Properties.LockDuration: A duration such as`],
    ['"LockDuration": "PT2S"', '"LockDuration": "PT0S"', `${queue}.Properties.LockDuration: The duration has to be`],
    ['"LockDuration": "PT2S"', '"LockDuration": "PT6M"', "more than nothing and at most 300 seconds"],
    [
      '"LockDuration": "PT2S"',
      '"LockDuration": 2',
      `${queue}.Properties.LockDuration: A string is expected, and not 2.`,
    ],
    ['"LockDuration"', '"LockDurations"', `${queue}.Properties.LockDurations: The field is not known.`],
    ['"MaxDeliveryCount": 10', '"MaxDeliveryCount": 0', `${queue}.Properties.MaxDeliveryCount: A whole number from 1`],
    ['"MaxDeliveryCount": 10', '"MaxDeliveryCount": "10"', 'and not "10".'],
    ['"RequiresSession": true', '"RequiresSession": "true"', `${queue}.Properties.RequiresSession: true or false is`],
    ['"Name": "queue.1"', '"Name": "queue 1"', `${queue}.Name: 'queue 1' is not a valid name.`],
    ['"Name": "queue.1"', '"Nane": "queue.1"', `${queue}: The field Name is missing.`],
    ['"Name": "queue.1"', `"Name": "${"q".repeat(261)}"`, "is not a valid name. A name has at most 260"],
    ['"Name": "topic.1"', '"Name": "PLAIN"', `${namespace}.Topics[0].Name: There is another entity with the name`],
    [
      '"ForwardTo": "plain"',
      '"ForwardTo": "gone"',
      `${subscription}.Properties.ForwardTo: There is no queue or topic 'gone'.`,
    ],
    ['"FilterType": "Sql"', '"FilterType": "Like"', "Rules[1].Properties.FilterType: Correlation or Sql is expected"],
    [
      '"Label": "subject1"',
      '"Label": 1',
      `${rule}.Properties.CorrelationFilter.Label: A string is expected, and not 1.`,
    ],
    ['"b": true', '"b": null', `${rule}.Properties.CorrelationFilter.Properties.b: A string, a number, true or false`],
    [
      "sys.MessageId = ",
      "sys.MessageId == ",
      "Rules[1].Properties.SqlFilter: There was an error parsing the SQL expression.",
    ],
    ["SET sys.To", "SET sys.Size", "Rules[1].Properties.Action: There was an error parsing the SQL expression."],
    ['"Rules": [', '"Rules": 1, "X": [', `${subscription}.Rules: An array is expected, and not 1.`],
    ['{ "Name": "plain" }', "7", `${namespace}.Queues[1]: An object is expected, and not 7.`],
    ['"Type": "File"', '"Type": "Fax"', "UserConfig.Logging.Type: File, Console or both are expected, and not 'Fax'."],
    ['"Logging"', '"Loging"', "UserConfig.Loging: The field is not known."],
  ])("%s → %s", (part, replacement, message) => {
    expect(EXAMPLE).toContain(part);
    const text = EXAMPLE.replace(part, replacement);
    expect(() => parseEmulatorConfig(text)).toThrow(ConfigError);
    expect(() => parseEmulatorConfig(text)).toThrow(message);
  });

  test("with what is not JSON", () => {
    expect(() => parseEmulatorConfig('{ // comment\n  "UserConfig": x }')).toThrow(
      /^The configuration is not valid JSON: Unexpected token 'x'/,
    );
  });

  test("if it has no namespace, or two", () => {
    const config = (namespaces: string): string => `{ "UserConfig": { "Namespaces": [${namespaces}] } }`;
    expect(parseEmulatorConfig(config('{ "Name": "a" }'))).toEqual({ namespace: "a", queues: [], topics: [] });
    expect(() => parseEmulatorConfig(config(""))).toThrow(
      "UserConfig.Namespaces: One namespace is expected, and not 0.",
    );
    expect(() => parseEmulatorConfig(config('{ "Name": "a" }, { "Name": "b" }'))).toThrow("and not 2.");
  });
});
