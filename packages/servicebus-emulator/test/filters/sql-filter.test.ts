import { describe, expect, test } from "vitest";
import { compileRule } from "../../src/filters/compile-rule.ts";
import { FilterEvaluationError } from "../../src/filters/errors.ts";
import type { FilterMessage } from "../../src/filters/message.ts";
import type { Constants, FilterValue } from "../../src/filters/values.ts";

const matches = (
  expression: string,
  application: Readonly<Record<string, FilterValue>> = {},
  more: { readonly system?: FilterMessage["system"]; readonly parameters?: Constants } = {},
): boolean =>
  compileRule({ name: "rule", filter: { type: "sql", expression, parameters: more.parameters ?? {} } }).matches({
    system: more.system ?? {},
    application,
  });

describe("comparisons", () => {
  test("integers, doubles and strings compare with constants", () => {
    expect(matches("n = 7", { n: 7n })).toBe(true);
    expect(matches("n = 7", { n: 7 })).toBe(true);
    expect(matches("n > 6.5 AND n <= 7", { n: 7n })).toBe(true);
    expect(matches("n <> 7", { n: 7n })).toBe(false);
    expect(matches("n != 7", { n: 8n })).toBe(true);
    expect(matches("n < 1.5E3", { n: 1499n })).toBe(true);
    expect(matches("s = 'it''s'", { s: "it's" })).toBe(true);
    expect(matches("s = 'Red'", { s: "red" })).toBe(false);
  });

  test("integers keep all of their 64 bits", () => {
    expect(matches("n = 9007199254740993", { n: 9_007_199_254_740_993n })).toBe(true);
    expect(matches("n = 9007199254740993", { n: 9_007_199_254_740_992n })).toBe(false);
  });

  test("names of properties match in any letter case, and an exact name wins", () => {
    expect(matches("StoreId = 'a'", { storeid: "a" })).toBe(true);
    expect(matches("USER.StoreId = 'a'", { storeID: "b", StoreId: "a" })).toBe(true);
  });

  test("names that are no regular identifiers stand in brackets or double quotes", () => {
    expect(matches("[HR-EmployeeID] = 1", { "HR-EmployeeID": 1n })).toBe(true);
    expect(matches("[a]]b] = 1", { "a]b": 1n })).toBe(true);
    expect(matches('"Contoso & Northwind" = 1', { "Contoso & Northwind": 1n })).toBe(true);
    expect(matches('user."a""b" = 1', { 'a"b': 1n })).toBe(true);
    expect(matches("[and] = 1", { and: 1n })).toBe(true);
    expect(matches("größe = 1", { größe: 1n })).toBe(true);
  });

  test("system properties are read with the scope sys, in any letter case", () => {
    const system = { label: "bus-7", messageId: "m", deliveryCount: 2n };
    expect(matches("sys.Label LIKE '%bus%'", {}, { system })).toBe(true);
    expect(matches("SYS.messageid = 'm' AND sys.DeliveryCount = 2", {}, { system })).toBe(true);
    expect(matches("sys.[Label] = 'bus-7' AND sys.Subject = 'bus-7'", {}, { system })).toBe(true);
    expect(matches("Label = 'bus-7'", {}, { system })).toBe(false);
    expect(matches("sys.SessionId IS NULL", {}, { system })).toBe(true);
  });

  test("dates compare with parameters", () => {
    const parameters: Constants = { "@when": { type: "dateTime", text: "2020-07-05T11:12:13" } };
    const when = new Date("2020-07-05T11:12:13Z");
    expect(matches("at = @when", { at: when }, { parameters })).toBe(true);
    expect(matches("at < @when", { at: when }, { parameters })).toBe(false);
    expect(
      matches(
        "at - @when = @none",
        { at: when },
        { parameters: { ...parameters, "@none": { type: "duration", text: "PT0S" } } },
      ),
    ).toBe(true);
  });

  test("parameters stand for values of their type", () => {
    const parameters: Constants = {
      "@text": { type: "string", text: "7" },
      "@int": { type: "int", text: "7" },
      "@double": { type: "double", text: "7.5" },
      "@yes": { type: "boolean", text: "true" },
    };
    expect(matches("s = @text", { s: "7" }, { parameters })).toBe(true);
    expect(matches("n = @INT AND n < @double", { n: 7n }, { parameters })).toBe(true);
    expect(matches("b = @yes", { b: true }, { parameters })).toBe(true);
    expect(matches("n / @int = 2", { n: 15n }, { parameters })).toBe(true);
  });

  test("types that C# does not compare are an error", () => {
    expect(() => matches("s = 7", { s: "7" })).toThrow(
      new FilterEvaluationError("Operator '=' cannot be applied to operands of type 'string' and 'long'."),
    );
    expect(() => matches("s < 'b'", { s: "a" })).toThrow(FilterEvaluationError);
    expect(() => matches("b > FALSE", { b: true })).toThrow(FilterEvaluationError);
    expect(() => matches("n LIKE '7'", { n: 7n })).toThrow(FilterEvaluationError);
    expect(() => matches("newid() = 'a'")).toThrow(FilterEvaluationError);
  });
});

describe("unknown", () => {
  test("a missing property makes a comparison unknown, and NOT leaves it so", () => {
    expect(matches("gone = 1")).toBe(false);
    expect(matches("NOT gone = 1")).toBe(false);
    expect(matches("gone <> 1")).toBe(false);
    expect(matches("gone + 1 = 1")).toBe(false);
    expect(matches("-gone = 1")).toBe(false);
    expect(matches("NOT (gone LIKE 'a%')")).toBe(false);
    expect(matches("gone NOT LIKE 'a%'")).toBe(false);
    expect(matches("gone NOT IN (1, 2)")).toBe(false);
    expect(matches("n NOT IN (1, gone)", { n: 2n })).toBe(false);
    expect(matches("n IN (gone, 2)", { n: 2n })).toBe(true);
  });

  test("AND and OR follow the documented tables", () => {
    const value = { T: "1 = 1", F: "1 = 0", U: "gone = 1" } as const;
    const three = (expression: string): "T" | "F" | "U" => {
      if (matches(expression)) return "T";
      return matches(`NOT (${expression})`) ? "F" : "U";
    };
    const table = (operator: "AND" | "OR"): string =>
      (["T", "F", "U"] as const)
        .map((left) =>
          (["T", "F", "U"] as const).map((right) => three(`${value[left]} ${operator} ${value[right]}`)).join(""),
        )
        .join(" ");
    expect(table("AND")).toBe("TFU FFF UFU");
    expect(table("OR")).toBe("TTT TFU TUU");
  });

  test("IS NULL is true for a missing property and for null; EXISTS is for what is there", () => {
    expect(matches("gone IS NULL")).toBe(true);
    expect(matches("gone IS NOT NULL")).toBe(false);
    expect(matches("x IS NULL AND EXISTS(x)", { x: null })).toBe(true);
    expect(matches("x IS NOT NULL AND EXISTS(user.x)", { x: "" })).toBe(true);
    expect(matches("EXISTS(gone)")).toBe(false);
    expect(matches("NOT EXISTS(gone)")).toBe(true);
    expect(matches("EXISTS(sys.To)", {}, { system: { to: "a" } })).toBe(true);
  });
});

describe("operators", () => {
  test("NOT binds tighter than AND, and AND tighter than OR", () => {
    expect(matches("1 = 1 OR 1 = 1 AND 1 = 0")).toBe(true);
    expect(matches("(1 = 1 OR 1 = 1) AND 1 = 0")).toBe(false);
    expect(matches("NOT 1 = 0 AND 1 = 0")).toBe(false);
    expect(matches("NOT (1 = 0 AND 1 = 0)")).toBe(true);
    expect(matches("not not 1 = 1")).toBe(true);
  });

  test("products bind tighter than sums, and both go from left to right", () => {
    expect(matches("2 + 3 * 4 = 14")).toBe(true);
    expect(matches("(2 + 3) * 4 = 20")).toBe(true);
    expect(matches("10 - 3 - 2 = 5 AND 100 / 10 / 5 = 2")).toBe(true);
    expect(matches("-2 - -3 = +1")).toBe(true);
  });

  test("integers divide to an integer, doubles do not", () => {
    expect(matches("7 / 2 = 3 AND -7 / 2 = -3 AND -7 % 2 = -1")).toBe(true);
    expect(matches("7.0 / 2 = 3.5")).toBe(true);
    expect(matches("n / 2 = 3.5", { n: 7 })).toBe(true);
    expect(() => matches("n / 0 = 1", { n: 7n })).toThrow("Attempted to divide by zero.");
  });

  test("integers have 64 bits, and an overflow wraps around", () => {
    expect(matches("2000000000 + 2000000000 = 4000000000")).toBe(true);
    expect(matches("9223372036854775807 + 1 < 0")).toBe(true);
  });

  test("+ joins strings", () => {
    expect(matches("a + '-' + b = 'x-7'", { a: "x", b: 7n })).toBe(true);
  });

  test("LIKE knows %, _ and an escape character", () => {
    const like = (text: string, pattern: string): boolean => matches(`s LIKE ${pattern}`, { s: text });
    expect(like("a bus stop", "'%bus%'")).toBe(true);
    expect(like("bus", "'b_s'")).toBe(true);
    expect(like("bus", "'b_'")).toBe(false);
    expect(like("", "'%'")).toBe(true);
    expect(like("", "'_'")).toBe(false);
    expect(like("abcabd", "'%ab_'")).toBe(true);
    expect(like("Bus", "'bus'")).toBe(false);
    expect(like("ABC%", "'ABC\\%' ESCAPE '\\'")).toBe(true);
    expect(like("ABCD", "'ABC\\%' ESCAPE '\\'")).toBe(false);
    expect(like("a.c", "'a.c'")).toBe(true);
    expect(like("abc", "'a.c'")).toBe(false);
    expect(like("line\nbreak", "'line%'")).toBe(true);
    expect(matches("s LIKE p", { s: "abc", p: "a%" })).toBe(true);
    expect(matches("s NOT LIKE 'a%'", { s: "abc" })).toBe(false);
  });

  test("IN compares with each of the list", () => {
    expect(matches("StoreId IN('Store1', 'Store2')", { StoreId: "Store2" })).toBe(true);
    expect(matches("StoreId NOT IN ('Store1', 'Store2')", { StoreId: "Store3" })).toBe(true);
    expect(matches("n IN (1, m + 1)", { n: 3n, m: 2n })).toBe(true);
  });

  test("property() and p() read a property whose name is calculated", () => {
    expect(matches("property('a' + 'b') = 1", { ab: 1n })).toBe(true);
    expect(matches("p(which) = 1", { which: "x", x: 1n })).toBe(true);
    expect(matches("p('sys.Label') = 'a'", {}, { system: { label: "a" } })).toBe(true);
    expect(matches("p('user.x') = 1", { x: 1n })).toBe(true);
    expect(() => matches("p('sys.Colour') = 1")).toThrow(FilterEvaluationError);
  });

  test("newid() is another one each time", () => {
    expect(matches("newid() <> newid()")).toBe(true);
  });
});
