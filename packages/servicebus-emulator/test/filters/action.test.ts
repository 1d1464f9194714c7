import { describe, expect, test } from "vitest";
import type { RuleChanges } from "../../src/filters/action.ts";
import { compileRule } from "../../src/filters/compile-rule.ts";
import { FilterEvaluationError } from "../../src/filters/errors.ts";
import type { FilterMessage } from "../../src/filters/message.ts";
import type { Constants } from "../../src/filters/values.ts";

const changes = (expression: string, message: Partial<FilterMessage> = {}, parameters: Constants = {}): RuleChanges => {
  const rule = compileRule({ name: "rule", filter: { type: "true" }, action: { expression, parameters } });
  const changed = rule.changes({ system: {}, application: {}, ...message });
  if (changed === undefined) throw new Error("the rule has an action");
  return changed;
};

const application = (...parts: Parameters<typeof changes>): Record<string, unknown> =>
  Object.fromEntries(changes(...parts).application);

describe("SET", () => {
  test("creates and replaces properties, and the case of an existing name stays", () => {
    expect(application("SET a = 1; SET b = 'x', SET [c d] = TRUE;")).toEqual({
      a: 1n,
      b: "x",
      "c d": true,
    });
    expect(application("SET COLOR = 'red'", { application: { color: "blue" } })).toEqual({ color: "red" });
  });

  test("sees what the statements before it changed", () => {
    expect(application("SET a = n + 1; SET b = a * 2; REMOVE n; SET c = n", { application: { n: 1n } })).toEqual({
      a: 2n,
      b: 4n,
      n: undefined,
      c: null,
    });
  });

  test("statements need no separator", () => {
    expect(application("SET a = 1 SET b = 2 REMOVE c")).toEqual({ a: 1n, b: 2n, c: undefined });
  });

  test("converts to the type of the existing property where nothing is lost", () => {
    expect(application("SET s = 7", { application: { s: "x" } })).toEqual({ s: "7" });
    expect(application("SET d = 7", { application: { d: 1.5 } })).toEqual({ d: 7 });
    expect(application("SET n = 7.5", { application: { n: 1n } })).toEqual({ n: 7.5 });
  });

  test("sets null for what is unknown", () => {
    expect(application("SET a = gone + 1")).toEqual({ a: null });
  });

  test("sets system properties in their type", () => {
    const parameters: Constants = { "@ttl": { type: "duration", text: "PT1M" } };
    const { system } = changes("SET sys.Label = 'x'; SET sys.To = 7; SET sys.TimeToLive = @ttl", {}, parameters);
    expect(Object.fromEntries(system)).toEqual({
      label: "x",
      to: "7",
      timeToLive: { kind: "timespan", milliseconds: 60_000 },
    });
    expect(changes("SET sys.MessageId = newid()").system.get("messageId")).toMatch(/^[\da-f-]{36}$/);
    expect(() => changes("SET sys.TimeToLive = 7")).toThrow(FilterEvaluationError);
  });

  test("takes parameters", () => {
    const parameters: Constants = { "@param": { type: "dateTime", text: "2020-07-05T11:12:13" } };
    expect(application("SET Priority = @param", {}, parameters)).toEqual({
      Priority: new Date("2020-07-05T11:12:13Z"),
    });
  });
});

test("REMOVE takes properties away, in any letter case", () => {
  const changed = changes("REMOVE COLOR; REMOVE sys.ReplyTo", {
    application: { color: "red" },
    system: { replyTo: "a" },
  });
  expect([...changed.application]).toEqual([["color", undefined]]);
  expect([...changed.system]).toEqual([["replyTo", undefined]]);
});

test("the message that a rule has matched is not changed itself", () => {
  const message: FilterMessage = { system: { label: "a" }, application: { color: "red" } };
  changes("SET color = 'blue'; SET sys.Label = 'b'", message);
  expect(message).toEqual({ system: { label: "a" }, application: { color: "red" } });
});
