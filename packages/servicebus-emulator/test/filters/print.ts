import type { Expression, Predicate, Property } from "../../src/filters/syntax.ts";
import type { FilterValue } from "../../src/filters/values.ts";

/** Writes a condition as SQL, with all parentheses. */
export function print(predicate: Predicate): string {
  switch (predicate.type) {
    case "not":
      return `NOT (${print(predicate.operand)})`;
    case "and":
    case "or":
      return `(${print(predicate.left)}) ${predicate.type.toUpperCase()} (${print(predicate.right)})`;
    case "comparison":
      return `${printExpression(predicate.left)} ${predicate.operator} ${printExpression(predicate.right)}`;
    case "is-null":
      return `${printProperty(predicate.property)} IS ${predicate.negated ? "NOT " : ""}NULL`;
    case "exists":
      return `EXISTS(${printProperty(predicate.property)})`;
    case "in": {
      const list = predicate.list.map(printExpression).join(", ");
      return `${printExpression(predicate.operand)} ${predicate.negated ? "NOT " : ""}IN (${list})`;
    }
    case "like": {
      const end =
        predicate.escapeCharacter === undefined ? "" : ` ESCAPE ${printExpression(predicate.escapeCharacter)}`;
      const not = predicate.negated ? "NOT " : "";
      return `${printExpression(predicate.operand)} ${not}LIKE ${printExpression(predicate.pattern)}${end}`;
    }
  }
}

function printExpression(expression: Expression): string {
  switch (expression.type) {
    case "constant":
      return printConstant(expression.value);
    case "parameter":
      return expression.name;
    case "property":
      return printProperty(expression.property);
    case "newid":
      return "newid()";
    case "property-function":
      return `property(${printExpression(expression.name)})`;
    case "sign":
      return `(${expression.operator} ${printExpression(expression.operand)})`;
    case "arithmetic":
      return `(${printExpression(expression.left)} ${expression.operator} ${printExpression(expression.right)})`;
  }
}

function printConstant(value: FilterValue): string {
  if (value === null) return "NULL";
  if (typeof value === "string") return `'${value.replaceAll("'", "''")}'`;
  if (typeof value === "object") throw new Error("SQL has no constants of this type");
  if (typeof value !== "number") return String(value);
  return Number.isInteger(value) && value < 1e21 ? `${value}.0` : String(value);
}

function printProperty(property: Property): string {
  if (property.type === "system") return `sys.${property.name}`;
  return `[${property.name.replaceAll("]", "]]")}]`;
}
