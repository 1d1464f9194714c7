import { CASES, CATALOGUE, KNOWN_DEFECTS } from "@anybroker/conformance";
import { expect, test } from "vitest";

const rows = CATALOGUE.flatMap((group) => group.rows);

test("every row of the catalogue has a case, or says why it has none", () => {
  const uncovered = rows.filter(({ row, gap }) => gap === undefined && !CASES.some((one) => one.rows.includes(row)));
  expect(uncovered).toEqual([]);
});

test("every row that a case names is in the catalogue, in order", () => {
  expect(rows.map(({ row }) => row)).toEqual(Array.from({ length: 135 }, (_, index) => index + 1));
  expect(CASES.flatMap((one) => one.rows).filter((row) => row < 1 || row > 135)).toEqual([]);
});

test("every case has a unique id, and its promise is one sentence", () => {
  expect(new Set(CASES.map(({ id }) => id)).size).toBe(CASES.length);
  expect(CASES.filter(({ id }) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(id))).toEqual([]);
  expect(CASES.filter(({ name }) => !/^\S.*[^.\s]$/.test(name))).toEqual([]);
});

test("every known defect is caught by cases that exist", () => {
  const ids = new Set(CASES.map(({ id }) => id));
  expect(KNOWN_DEFECTS.flatMap(({ cases }) => cases).filter((id) => !ids.has(id))).toEqual([]);
});
