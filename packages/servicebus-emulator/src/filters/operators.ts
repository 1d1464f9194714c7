import { FilterEvaluationError } from "./errors.ts";
import type { ArithmeticOperator, ComparisonOperator } from "./syntax.ts";
import { type FilterValue, type Guid, type TimeSpan, typeName } from "./values.ts";

// "Operators follow C# implicit conversion semantics whenever possible", says the documentation:
// a string and a number do not compare, an integer divided by an integer is an integer, + joins strings.

/** Compares two values. `undefined` is unknown, and so is a comparison with `null`. */
export function compare(
  operator: ComparisonOperator,
  left: FilterValue | undefined,
  right: FilterValue | undefined,
): boolean | undefined {
  if (left === undefined || right === undefined || left === null || right === null) return undefined;
  if (operator === "=" || operator === "<>") return equal(operator, left, right) === (operator === "=");
  const [a, b] = ordered(operator, left, right);
  if (operator === "<") return a < b;
  if (operator === "<=") return a <= b;
  return operator === ">" ? a > b : a >= b;
}

type Present = Exclude<FilterValue, null>;

function equal(operator: ComparisonOperator, left: Present, right: Present): boolean {
  if (typeof left === typeof right && typeof left !== "object") return left === right;
  if (isGuid(left) && isGuid(right)) return left.value === right.value;
  const [a, b] = ordered(operator, left, right);
  return a === b;
}

/** Brings two values that C# can put in order into one type. */
function ordered(
  operator: string,
  left: Present,
  right: Present,
): readonly [number, number] | readonly [bigint, bigint] {
  if (typeof left === "bigint" && typeof right === "bigint") return [left, right];
  if (isNumeric(left) && isNumeric(right)) return [Number(left), Number(right)];
  if (left instanceof Date && right instanceof Date) return [left.getTime(), right.getTime()];
  if (isTimeSpan(left) && isTimeSpan(right)) return [left.milliseconds, right.milliseconds];
  throw notApplicable(operator, left, right);
}

/** Calculates with two values. `undefined` is unknown, and so is the result with it. */
export function calculate(
  operator: ArithmeticOperator,
  left: FilterValue | undefined,
  right: FilterValue | undefined,
): FilterValue | undefined {
  if (left === undefined || right === undefined || left === null || right === null) return undefined;
  if (operator === "+" && (typeof left === "string" || typeof right === "string")) return textOf(left) + textOf(right);
  if (typeof left === "bigint" && typeof right === "bigint") return integers(operator, left, right);
  if (isNumeric(left) && isNumeric(right)) return doubles(operator, Number(left), Number(right));
  const time = times(operator, left, right);
  if (time === undefined) throw notApplicable(operator, left, right);
  return time;
}

function integers(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  if ((operator === "/" || operator === "%") && right === 0n) {
    throw new FilterEvaluationError("Attempted to divide by zero.");
  }
  // C# keeps 64 bits and does not check for overflow.
  return BigInt.asIntN(64, apply(operator, left, right));
}

function apply(operator: ArithmeticOperator, left: bigint, right: bigint): bigint {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  return operator === "/" ? left / right : left % right;
}

function doubles(operator: ArithmeticOperator, left: number, right: number): number {
  if (operator === "+") return left + right;
  if (operator === "-") return left - right;
  if (operator === "*") return left * right;
  return operator === "/" ? left / right : left % right;
}

function times(operator: ArithmeticOperator, left: Present, right: Present): FilterValue | undefined {
  if (operator !== "+" && operator !== "-") return undefined;
  const sign = operator === "+" ? 1 : -1;
  if (isTimeSpan(right)) {
    if (left instanceof Date) return new Date(left.getTime() + sign * right.milliseconds);
    return isTimeSpan(left) ? timeSpan(left.milliseconds + sign * right.milliseconds) : undefined;
  }
  const both = operator === "-" && left instanceof Date && right instanceof Date;
  return both ? timeSpan(left.getTime() - right.getTime()) : undefined;
}

/** Puts a sign before a value. */
export function signed(operator: "+" | "-", operand: FilterValue | undefined): FilterValue | undefined {
  if (operand === undefined || operand === null) return undefined;
  if (typeof operand === "bigint") return operator === "-" ? BigInt.asIntN(64, -operand) : operand;
  if (typeof operand === "number") return operator === "-" ? -operand : operand;
  if (isTimeSpan(operand)) return operator === "-" ? timeSpan(-operand.milliseconds) : operand;
  throw new FilterEvaluationError(
    `Operator '${operator}' cannot be applied to operand of type '${typeName(operand)}'.`,
  );
}

/** The text of a value, as C# writes it. */
export function textOf(value: Present): string {
  if (typeof value === "boolean") return value ? "True" : "False";
  if (value instanceof Date) return value.toISOString();
  if (isGuid(value)) return value.value;
  return isTimeSpan(value) ? `${value.milliseconds / 1000}` : String(value);
}

function isNumeric(value: Present): value is number | bigint {
  return typeof value === "number" || typeof value === "bigint";
}

function isGuid(value: Present): value is Guid {
  return typeof value === "object" && !(value instanceof Date) && value.kind === "guid";
}

function isTimeSpan(value: Present): value is TimeSpan {
  return typeof value === "object" && !(value instanceof Date) && value.kind === "timespan";
}

function timeSpan(milliseconds: number): TimeSpan {
  return { kind: "timespan", milliseconds };
}

function notApplicable(operator: string, left: Present, right: Present): FilterEvaluationError {
  const types = `'${typeName(left)}' and '${typeName(right)}'`;
  return new FilterEvaluationError(`Operator '${operator}' cannot be applied to operands of type ${types}.`);
}
