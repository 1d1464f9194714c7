import { expect, test } from "vitest";
import { filterBindings } from "../src/topology.ts";

test("a filter becomes as many bindings as it needs, and only few where that would be too many", () => {
  expect(filterBindings({ a: ["x"] })).toHaveLength(2);
  expect(filterBindings({ a: ["x", "y"], b: ["z"] })).toHaveLength(8);
  for (const odd of [
    "5",
    "-1.5",
    ".5",
    "true",
    "null",
    "[1]",
    '{"a":1}',
    "base64:AA==",
    "2023-11-14T22:13:20.000Z",
    "NaN",
  ]) {
    expect(filterBindings({ a: [odd, "x"] })).toEqual([{ "x-match": "all", a: null }]);
  }
  expect(filterBindings({ a: Array.from({ length: 100 }, (_, index) => `v${index}`) })).toHaveLength(1);
  expect(filterBindings({ "x-a": ["x"] })[0]).toMatchObject({ "x-match": "all-with-x" });
});
