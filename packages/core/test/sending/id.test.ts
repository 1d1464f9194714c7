import { expect, test } from "vitest";
import { checkPrintable, idMaker } from "../../src/sending/id.ts";

test("ids are UUIDs of version 7 that tell their time and do not repeat", () => {
  const now = 1_750_000_000_123;
  const next = idMaker(() => now);
  const ids = Array.from({ length: 10_000 }, next);
  expect(new Set(ids).size).toBe(ids.length);
  const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;
  expect(ids.filter((id) => !uuid.test(id))).toEqual([]);
  expect(Number.parseInt((ids[0] ?? "").replaceAll("-", "").slice(0, 12), 16)).toBe(now);
});

test("ids of a later millisecond sort after those of an earlier one", () => {
  let now = 1_750_000_000_000;
  const next = idMaker(() => now);
  const early = next();
  now += 1;
  expect(next() > early).toBe(true);
});

test.each(["a", " ", "order 7/é".slice(0, 8), "x".repeat(128)])("%j can be an id", (id) => {
  expect(() => checkPrintable("id", id)).not.toThrow();
});

test.each(["", "x".repeat(129), "é", "tab\t", "line\n", 7, null])("%j cannot be an id", (id) => {
  expect(() => checkPrintable("id", id)).toThrow(TypeError);
});
