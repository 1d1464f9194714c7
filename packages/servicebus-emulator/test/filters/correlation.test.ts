import { describe, expect, test } from "vitest";
import { compileRule } from "../../src/filters/compile-rule.ts";
import type { FilterMessage } from "../../src/filters/message.ts";
import type { CorrelationFilter } from "../../src/filters/rule.ts";

const matches = (filter: Partial<CorrelationFilter>, message: Partial<FilterMessage>): boolean =>
  compileRule({ name: "rule", filter: { properties: {}, ...filter, type: "correlation" } }).matches({
    system: {},
    application: {},
    ...message,
  });

describe("a correlation filter", () => {
  test("matches if all of its conditions are equal", () => {
    const filter = {
      label: "Important",
      replyTo: "john",
      properties: { color: { type: "string", text: "Red" } },
    } as const;
    const system = { label: "Important", replyTo: "john", to: "x" };
    expect(matches(filter, { system, application: { color: "Red" } })).toBe(true);
    expect(matches(filter, { system, application: { color: "red" } })).toBe(false);
    expect(matches(filter, { system, application: {} })).toBe(false);
    expect(matches(filter, { system: { ...system, label: "important" }, application: { color: "Red" } })).toBe(false);
  });

  test("compares each of the properties that it may name", () => {
    const names = [
      "correlationId",
      "messageId",
      "to",
      "replyTo",
      "label",
      "sessionId",
      "replyToSessionId",
      "contentType",
    ] as const;
    for (const name of names) {
      expect(matches({ [name]: "a" }, { system: { [name]: "a" } })).toBe(true);
      expect(matches({ [name]: "a" }, { system: { [name]: "b" } })).toBe(false);
      expect(matches({ [name]: "a" }, {})).toBe(false);
    }
  });

  test("takes numbers of one value as equal, and other types as different", () => {
    const n = (type: "int" | "double" | "string", text: string) => ({ properties: { n: { type, text } } }) as const;
    expect(matches(n("double", "7"), { application: { n: 7n } })).toBe(true);
    expect(matches(n("int", "7"), { application: { n: 7 } })).toBe(true);
    expect(matches(n("string", "7"), { application: { n: 7n } })).toBe(false);
    expect(matches(n("int", "7"), { application: { n: "7" } })).toBe(false);
    expect(matches(n("int", "7"), { application: { n: null } })).toBe(false);
  });
});

test("true and false filters match all messages, and none", () => {
  const message = { system: {}, application: {} };
  expect(compileRule({ name: "rule", filter: { type: "true" } }).matches(message)).toBe(true);
  expect(compileRule({ name: "rule", filter: { type: "false" } }).matches(message)).toBe(false);
});
