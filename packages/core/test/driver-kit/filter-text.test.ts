import fc from "fast-check";
import { expect, test } from "vitest";
import { filterText, readFilterText } from "../../src/driver-kit/filter-text.ts";

const filters = fc.dictionary(fc.string(), fc.array(fc.string(), { minLength: 1 }), {
  minKeys: 1,
  noNullPrototype: true,
});

test("filters that let the same messages through have the same text", () => {
  expect(filterText({ b: ["2", "1"], a: ["x", "x"] })).toBe(filterText({ a: ["x"], b: ["1", "2"] }));
  expect(filterText({ a: ["x"] })).not.toBe(filterText({ a: ["x", "y"] }));
  expect(filterText(undefined)).not.toBe(filterText({}));
});

test("a filter's text is read as a filter with the same text", () => {
  fc.assert(
    fc.property(filters, (filter) => {
      const read = readFilterText(filterText(filter));
      expect(read?.filter).toBeDefined();
      expect(filterText(read?.filter)).toBe(filterText(filter));
    }),
  );
  expect(readFilterText("none")).toEqual({ filter: undefined });
});

test.each(["", "some filter", '{"a":["x"', "[]", "null", "5", '{"a":"x"}', '{"a":[1]}'])("%s is not read", (text) => {
  expect(readFilterText(text)).toBeUndefined();
});
