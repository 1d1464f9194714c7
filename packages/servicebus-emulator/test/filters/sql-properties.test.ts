import fc from "fast-check";
import { expect, test } from "vitest";
import { SqlSyntaxError } from "../../src/filters/errors.ts";
import { compilePredicate } from "../../src/filters/evaluate.ts";
import { likePattern } from "../../src/filters/like.ts";
import { parseAction } from "../../src/filters/parse-action.ts";
import { parseFilter } from "../../src/filters/parse-filter.ts";
import type { Expression, Predicate, Property } from "../../src/filters/syntax.ts";
import { print } from "./print.ts";

const property: fc.Arbitrary<Property> = fc.oneof(
  fc.record({ type: fc.constant("application" as const), name: fc.string({ minLength: 1, unit: "grapheme" }) }),
  fc.record({ type: fc.constant("system" as const), name: fc.constantFrom("label", "messageId", "to" as const) }),
);

const { expression } = fc.letrec<{ expression: Expression }>((tie) => ({
  expression: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      type: fc.constant("constant" as const),
      value: fc.oneof(
        fc.string({ unit: "grapheme" }),
        fc.bigInt({ min: 0n, max: 2n ** 63n - 1n }),
        fc.double({ min: 0, noNaN: true, noDefaultInfinity: true }).filter((value) => !Object.is(value, -0)),
        fc.boolean(),
        fc.constant(null),
      ),
    }),
    fc.record({ type: fc.constant("parameter" as const), name: fc.stringMatching(/^@[a-z][a-z0-9_]{0,5}$/) }),
    fc.record({ type: fc.constant("property" as const), property }),
    fc.constant({ type: "newid" as const }),
    fc.record({ type: fc.constant("property-function" as const), name: tie("expression") }),
    fc.record({
      type: fc.constant("sign" as const),
      operator: fc.constantFrom("+", "-" as const),
      operand: tie("expression"),
    }),
    fc.record({
      type: fc.constant("arithmetic" as const),
      operator: fc.constantFrom("+", "-", "*", "/", "%" as const),
      left: tie("expression"),
      right: tie("expression"),
    }),
  ),
}));

const { predicate } = fc.letrec<{ predicate: Predicate }>((tie) => ({
  predicate: fc.oneof(
    { depthSize: "small", withCrossShrink: true },
    fc.record({
      type: fc.constant("comparison" as const),
      operator: fc.constantFrom("=", "<>", "<", "<=", ">", ">=" as const),
      left: expression,
      right: expression,
    }),
    fc.record({ type: fc.constant("is-null" as const), property, negated: fc.boolean() }),
    fc.record({ type: fc.constant("exists" as const), property }),
    fc.record({
      type: fc.constant("in" as const),
      operand: expression,
      list: fc.array(expression, { minLength: 1, maxLength: 3 }),
      negated: fc.boolean(),
    }),
    fc.record({
      type: fc.constant("like" as const),
      operand: expression,
      pattern: expression,
      escapeCharacter: fc.option(expression, { nil: undefined }),
      negated: fc.boolean(),
    }),
    fc.record({ type: fc.constant("not" as const), operand: tie("predicate") }),
    fc.record({ type: fc.constantFrom("and", "or" as const), left: tie("predicate"), right: tie("predicate") }),
  ),
}));

test("what is written as SQL is parsed as what it was", () => {
  fc.assert(
    fc.property(predicate, (written) => {
      expect(parseFilter(print(written))).toEqual(written);
    }),
  );
});

test("any text is parsed, or refused at a place in it", () => {
  const words = fc.constantFrom(
    "a",
    "sys.",
    "1",
    "'",
    "[",
    "(",
    ")",
    "=",
    "AND",
    "NOT",
    "LIKE",
    "IN",
    ",",
    "SET",
    " ",
    "@",
    ";",
  );
  const text = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.array(words).map((parts) => parts.join(" ")),
  );
  fc.assert(
    fc.property(text, (given) => {
      for (const parse of [parseFilter, parseAction]) {
        try {
          parse(given);
        } catch (error) {
          if (!(error instanceof SqlSyntaxError)) throw error;
          expect(error.position).toBeGreaterThanOrEqual(1);
          expect(error.position).toBeLessThanOrEqual(given.length + 1);
        }
      }
    }),
    { numRuns: 300 },
  );
});

test("the laws of De Morgan hold in three-valued logic", () => {
  const atom = fc.constantFrom("1 = 1", "1 = 0", "gone = 1");
  const value = (text: string): boolean | undefined => {
    const never = (): never => {
      throw new Error("there are no parameters");
    };
    return compilePredicate(parseFilter(text), never)({ system: {}, application: {} });
  };
  fc.assert(
    fc.property(atom, atom, (a, b) => {
      expect(value(`NOT (${a} AND ${b})`)).toBe(value(`NOT ${a} OR NOT ${b}`));
      expect(value(`NOT (${a} OR ${b})`)).toBe(value(`NOT ${a} AND NOT ${b}`));
    }),
  );
});

test("LIKE selects what the same regular expression selects", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b", "!"), maxLength: 12 });
  const patterns = fc.string({ unit: fc.constantFrom("a", "b", "%", "_", "!"), maxLength: 8 });
  fc.assert(
    fc.property(letters, patterns, (text, pattern) => {
      const source = pattern.replaceAll("%", ".*").replaceAll("_", ".");
      expect(likePattern(pattern, undefined)(text)).toBe(new RegExp(`^${source}$`, "s").test(text));
    }),
    { numRuns: 2000 },
  );
});

test("LIKE with many % takes a bounded time", () => {
  const pattern = likePattern("%a".repeat(500), undefined);
  expect(pattern("a".repeat(499) + "b".repeat(60_000))).toBe(false);
});
