import { randomUUID } from "node:crypto";
import { FilterEvaluationError } from "./errors.ts";
import { likePattern } from "./like.ts";
import { applicationProperty, type FilterMessage, systemProperty } from "./message.ts";
import { calculate, compare, signed } from "./operators.ts";
import type { Expression, Predicate, Property } from "./syntax.ts";
import { type FilterValue, typeName } from "./values.ts";

/** A compiled expression. `undefined` is the value "unknown". */
export type Evaluate = (message: FilterMessage) => FilterValue | undefined;

/** A compiled condition, in three-valued logic. `undefined` is "unknown". */
export type Test = (message: FilterMessage) => boolean | undefined;

/** The value of a parameter of the rule. Throws if there is none. */
export type Parameters = (name: string) => FilterValue;

/** Compiles a condition once, for all messages. */
export function compilePredicate(predicate: Predicate, parameters: Parameters): Test {
  const value = (expression: Expression): Evaluate => compileExpression(expression, parameters);
  switch (predicate.type) {
    case "not": {
      const operand = compilePredicate(predicate.operand, parameters);
      return (message) => negate(operand(message));
    }
    case "and":
    case "or": {
      // False decides an AND, and true an OR. A decided left side spares the right one.
      const decides = predicate.type === "or";
      const left = compilePredicate(predicate.left, parameters);
      const right = compilePredicate(predicate.right, parameters);
      return (message) => {
        const first = left(message);
        if (first === decides) return decides;
        const second = right(message);
        if (second === decides) return decides;
        return first === undefined || second === undefined ? undefined : !decides;
      };
    }
    case "comparison": {
      const left = value(predicate.left);
      const right = value(predicate.right);
      return (message) => compare(predicate.operator, left(message), right(message));
    }
    case "is-null": {
      const read = readProperty(predicate.property);
      return (message) => ((read(message) ?? null) === null) !== predicate.negated;
    }
    case "exists": {
      const read = readProperty(predicate.property);
      return (message) => read(message) !== undefined;
    }
    case "in": {
      const operand = value(predicate.operand);
      const list = predicate.list.map(value);
      const test: Test = (message) => isIn(operand(message), list, message);
      return predicate.negated ? (message) => negate(test(message)) : test;
    }
    case "like": {
      const operand = value(predicate.operand);
      const pattern = compilePattern(predicate.pattern, predicate.escapeCharacter, parameters);
      const test: Test = (message) => {
        const text = textOperand(operand(message));
        const matches = pattern(message);
        return text === undefined || matches === undefined ? undefined : matches(text);
      };
      return predicate.negated ? (message) => negate(test(message)) : test;
    }
  }
}

function negate(result: boolean | undefined): boolean | undefined {
  return result === undefined ? undefined : !result;
}

function isIn(
  operand: FilterValue | undefined,
  list: readonly Evaluate[],
  message: FilterMessage,
): boolean | undefined {
  if (operand === undefined || operand === null) return undefined;
  let result: boolean | undefined = false;
  for (const item of list) {
    const equal = compare("=", operand, item(message));
    if (equal === true) return true;
    if (equal === undefined) result = undefined;
  }
  return result;
}

type Pattern = (message: FilterMessage) => ((text: string) => boolean) | undefined;

/** A pattern that is the same for all messages is compiled at once. */
function compilePattern(pattern: Expression, escapeCharacter: Expression | undefined, parameters: Parameters): Pattern {
  const patternOf = compileExpression(pattern, parameters);
  const escapeOf = escapeCharacter === undefined ? undefined : compileExpression(escapeCharacter, parameters);
  const compile: Pattern = (message) => {
    const text = textOperand(patternOf(message));
    const character = escapeOf === undefined ? undefined : textOperand(escapeOf(message));
    if (text === undefined || (escapeOf !== undefined && character === undefined)) return undefined;
    return likePattern(text, character);
  };
  if (!isConstant(pattern) || (escapeCharacter !== undefined && !isConstant(escapeCharacter))) return compile;
  const fixed = compile({ system: {}, application: {} });
  return () => fixed;
}

function isConstant(expression: Expression): boolean {
  return expression.type === "constant" || expression.type === "parameter";
}

function textOperand(value: FilterValue | undefined): string | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "string") return value;
  throw new FilterEvaluationError(`LIKE works on strings, and not on a value of type '${typeName(value)}'.`);
}

/** Compiles an expression once, for all messages. */
export function compileExpression(expression: Expression, parameters: Parameters): Evaluate {
  switch (expression.type) {
    case "constant":
      return () => expression.value;
    case "parameter": {
      const value = parameters(expression.name);
      return () => value;
    }
    case "property":
      return readProperty(expression.property);
    case "newid":
      return () => ({ kind: "guid", value: randomUUID() });
    case "property-function": {
      const name = compileExpression(expression.name, parameters);
      return (message) => readNamed(name(message), message);
    }
    case "sign": {
      const operand = compileExpression(expression.operand, parameters);
      return (message) => signed(expression.operator, operand(message));
    }
    case "arithmetic": {
      const left = compileExpression(expression.left, parameters);
      const right = compileExpression(expression.right, parameters);
      return (message) => calculate(expression.operator, left(message), right(message));
    }
  }
}

function readProperty(property: Property): Evaluate {
  if (property.type === "application") return (message) => applicationProperty(message, property.name);
  return (message) => message.system[property.name];
}

/** Reads the property whose name was calculated, with or without its scope. */
function readNamed(name: FilterValue | undefined, message: FilterMessage): FilterValue | undefined {
  if (name === undefined || name === null) return undefined;
  if (typeof name !== "string") {
    throw new FilterEvaluationError(`The name of a property is a string, and not of type '${typeName(name)}'.`);
  }
  const [, scope, rest] = /^(sys|user)\.(.*)$/is.exec(name) ?? [];
  if (scope === undefined || rest === undefined) return applicationProperty(message, name);
  if (scope.toLowerCase() === "user") return applicationProperty(message, rest);
  const system = systemProperty(rest);
  if (system === undefined) throw new FilterEvaluationError(`A message has no system property '${rest}'.`);
  return message.system[system];
}
