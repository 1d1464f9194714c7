import { expect, test } from "vitest";
import { RuleError } from "../../src/filters/errors.ts";
import { type ConstantType, constantValue } from "../../src/filters/values.ts";

test("dates without a zone are taken as UTC, wherever the emulator runs", () => {
  const zone = process.env.TZ;
  process.env.TZ = "Asia/Tokyo";
  try {
    expect(constantValue({ type: "dateTime", text: "2020-07-05T11:12:13" })).toEqual(new Date("2020-07-05T11:12:13Z"));
  } finally {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  }
});

test.each<[ConstantType, string, unknown]>([
  ["unsignedByte", "255", 255n],
  ["long", "-9223372036854775808", -(2n ** 63n)],
  ["double", "-INF", Number.NEGATIVE_INFINITY],
  ["boolean", "1", true],
  ["guid", "0F8FAD5B-D9CB-469F-A165-70867728950E", { kind: "guid", value: "0f8fad5b-d9cb-469f-a165-70867728950e" }],
  ["duration", "-PT1.5S", { kind: "timespan", milliseconds: -1500 }],
])("the %s %s is read", (type, text, value) => {
  expect(constantValue({ type, text })).toEqual(value);
});

test.each<[ConstantType, string]>([
  ["unsignedByte", "256"],
  ["int", "1.5"],
  ["double", "one"],
  ["double", ""],
  ["boolean", "yes"],
  ["dateTime", "2020-07-05"],
  ["dateTime", "2020-13-05T11:12:13"],
  ["guid", "0f8fad5b"],
  ["duration", "1h"],
])("the %s '%s' is refused", (type, text) => {
  expect(() => constantValue({ type, text })).toThrow(new RuleError(`'${text}' is not a value of the type '${type}'.`));
});
