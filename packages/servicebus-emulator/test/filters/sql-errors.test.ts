import { describe, expect, test } from "vitest";
import { compileRule } from "../../src/filters/compile-rule.ts";
import { RuleError, SqlSyntaxError } from "../../src/filters/errors.ts";

const filterError = (expression: string): unknown => {
  try {
    compileRule({ name: "rule", filter: { type: "sql", expression, parameters: {} } });
    return undefined;
  } catch (error) {
    return error;
  }
};

const actionError = (expression: string): unknown => {
  try {
    compileRule({ name: "rule", filter: { type: "true" }, action: { expression, parameters: {} } });
    return undefined;
  } catch (error) {
    return error;
  }
};

// The expression, where the error is, and what the message says of it.
const FILTERS: readonly (readonly [expression: string, position: number, details: string])[] = [
  ["", 1, "An expression is expected here."],
  ["color", 1, "a comparison before the end"],
  ["TRUE", 1, "A condition is expected here"],
  ["a = 1 AND b", 11, "A condition is expected here"],
  ["color = ", 9, "An expression is expected here."],
  ["color = 'red", 9, "The string constant is not closed: ' is missing."],
  ["[color = 1", 1, "The delimited identifier is not closed: ] is missing."],
  ["[] = 1", 1, "The delimited identifier is empty."],
  ["color == 1", 8, "An expression is expected here."],
  ["color = 1 1", 11, "The filter should end here."],
  ["(color = 1", 11, ") is expected here."],
  ["color = 1)", 10, "The filter should end here."],
  ["color LIKE", 11, "An expression is expected here."],
  ["color IN ()", 11, "An expression is expected here."],
  ["color IN 1", 10, "( is expected here."],
  ["color IS 1", 10, "NULL is expected here."],
  ["color + 1 IS NULL", 1, "Only a property can be tested with IS NULL."],
  ["EXISTS(1)", 8, "The name of a property is expected here."],
  ["(a = 1) + 1 = 2", 1, "this is a condition"],
  ["a = 1 = 2", 7, "The filter should end here."],
  ["a = (b = 1)", 5, "this is a condition"],
  ["NOT", 4, "An expression is expected here."],
  ["and = 1", 1, "this word is reserved"],
  ["sys.Colour = 1", 5, "A message has no system property 'Colour'."],
  ["msg.color = 1", 1, "The scope of a property is sys or user."],
  ["upper(color) = 'RED'", 1, "There is no such function."],
  ["newid(1) <> color", 7, ") is expected here."],
  ["_color = 1", 1, "The character begins no part of an expression."],
  ["color = 1; DROP", 10, "The filter should end here."],
  ["color = 1a", 9, "A name cannot begin with a digit."],
  ["color = 9223372036854775808", 9, "The integer does not fit into 64 bits."],
  ["color = @", 9, "A parameter needs a name after @."],
  ["color BETWEEN 1 AND 2", 1, "a comparison before 'BETWEEN'"],
  ["SET color = 1", 1, "this word is reserved"],
  ["color = 🙂", 9, "The character begins no part of an expression."],
];

describe("a filter with a syntax error is refused, and the error says where it is", () => {
  test.each(FILTERS)("%s", (expression, position, details) => {
    const error = filterError(expression);
    expect(error).toBeInstanceOf(SqlSyntaxError);
    expect(error).toMatchObject({ position, message: expect.stringContaining(details) });
  });

  test("the message has the form of the service's, with line and column", () => {
    expect(filterError("color = 'red'\n  AND size =")).toMatchObject({
      message:
        "There was an error parsing the SQL expression. [Token line number = 2,Token line offset = 13," +
        "Token in error = <end of expression>,Additional details = An expression is expected here.]",
    });
  });
});

describe("an action with a syntax error is refused", () => {
  test.each([
    ["", 1, "SET or REMOVE is expected here."],
    ["SET", 4, "The name of a property is expected here."],
    ["SET color", 10, "= is expected here."],
    ["SET color = ", 13, "An expression is expected here."],
    ["SET a = 1; color = 2", 12, "SET or REMOVE is expected here."],
    ["SET sys.DeliveryCount = 1", 5, "An action cannot change the system property 'deliveryCount'."],
    ["REMOVE sys.SequenceNumber", 8, "An action cannot change the system property 'sequenceNumber'."],
    ["SET a = (b = 1)", 12, ") is expected here."],
    ["REMOVE", 7, "The name of a property is expected here."],
  ] as const)("%s", (expression, position, details) => {
    const error = actionError(expression);
    expect(error).toBeInstanceOf(SqlSyntaxError);
    expect(error).toMatchObject({ position, message: expect.stringContaining(details) });
  });
});

describe("a rule is refused", () => {
  test("if a parameter has no value, or a value that is none of its type", () => {
    expect(filterError("a = @b")).toEqual(new RuleError("The expression uses the parameter '@b', which has no value."));
    const parameters = { "@b": { type: "int", text: "2147483648" } } as const;
    expect(() => compileRule({ name: "r", filter: { type: "sql", expression: "a = @b", parameters } })).toThrow(
      new RuleError("'2147483648' is not a value of the type 'int'."),
    );
  });

  test("if an expression is longer than 1,024 characters, or an action has more than 32 statements", () => {
    expect(filterError(`a = '${"x".repeat(1018)}'`)).toBeUndefined();
    expect(filterError(`a = '${"x".repeat(1019)}'`)).toMatchObject({
      message: expect.stringContaining("1025 characters"),
    });
    expect(actionError("SET a=1;".repeat(32))).toBeUndefined();
    expect(actionError("SET a=1;".repeat(33))).toMatchObject({ message: expect.stringContaining("33 statements") });
  });

  test("if the pattern of LIKE can never be used", () => {
    expect(filterError("a LIKE 'x' ESCAPE 'ab'")).toBeInstanceOf(RuleError);
    expect(filterError("a LIKE 'x!' ESCAPE '!'")).toBeInstanceOf(RuleError);
  });
});
