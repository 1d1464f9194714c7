import { asExpression, type Parsed, parseProperty, parseSum } from "./parse-expression.ts";
import type { ComparisonOperator, Expression, Predicate } from "./syntax.ts";
import { TokenReader } from "./token-reader.ts";

const COMPARISONS = ["=", "<>", "!=", "<", "<=", ">", ">="] as const;

/**
 * Parses the condition of a SQL filter. Throws `SqlSyntaxError`.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter
 */
export function parseFilter(text: string): Predicate {
  const reader = new TokenReader(text);
  const predicate = asPredicate(reader, parseOr(reader));
  const rest = reader.peek();
  if (rest.type !== "end") throw reader.error(rest, "The filter should end here.");
  return predicate;
}

function parseOr(reader: TokenReader): Parsed {
  let left = parseAnd(reader);
  while (reader.takeKeyword("OR")) left = junction(reader, "or", left, parseAnd(reader));
  return left;
}

function parseAnd(reader: TokenReader): Parsed {
  let left = parseNot(reader);
  while (reader.takeKeyword("AND")) left = junction(reader, "and", left, parseNot(reader));
  return left;
}

function junction(reader: TokenReader, type: "and" | "or", left: Parsed, right: Parsed): Parsed {
  const operands = { left: asPredicate(reader, left), right: asPredicate(reader, right) };
  return { type: "predicate", predicate: { type, ...operands }, first: left.first };
}

function parseNot(reader: TokenReader): Parsed {
  const first = reader.peek();
  if (!reader.takeKeyword("NOT")) return parseCondition(reader);
  const operand = asPredicate(reader, parseNot(reader));
  return { type: "predicate", predicate: { type: "not", operand }, first };
}

function parseCondition(reader: TokenReader): Parsed {
  const first = reader.peek();
  if (reader.takeKeyword("EXISTS")) {
    reader.expectSymbol("(");
    const property = parseProperty(reader);
    reader.expectSymbol(")");
    return { type: "predicate", predicate: { type: "exists", property }, first };
  }
  const left = parseSum(reader, parseOr);
  const predicate = parseTest(reader, left);
  return predicate === undefined ? left : { type: "predicate", predicate, first };
}

/** Reads what follows an expression and makes a condition of it, if anything does. */
function parseTest(reader: TokenReader, left: Parsed): Predicate | undefined {
  const symbol = reader.takeSymbol(...COMPARISONS);
  if (symbol !== undefined) {
    const operator: ComparisonOperator = symbol === "!=" ? "<>" : symbol;
    const operand = asExpression(reader, left);
    return { type: "comparison", operator, left: operand, right: parseOperand(reader) };
  }
  if (reader.takeKeyword("IS")) return parseIsNull(reader, left);

  const negated = reader.nextIs("NOT") && (reader.nextIs("IN", 1) || reader.nextIs("LIKE", 1));
  if (negated) reader.take();
  if (reader.takeKeyword("IN")) return parseIn(reader, asExpression(reader, left), negated);
  if (reader.takeKeyword("LIKE")) return parseLike(reader, asExpression(reader, left), negated);
  return undefined;
}

function parseIsNull(reader: TokenReader, left: Parsed): Predicate {
  const operand = asExpression(reader, left);
  if (operand.type !== "property") throw reader.error(left.first, "Only a property can be tested with IS NULL.");
  const negated = reader.takeKeyword("NOT");
  reader.expectKeyword("NULL");
  return { type: "is-null", property: operand.property, negated };
}

function parseIn(reader: TokenReader, operand: Expression, negated: boolean): Predicate {
  reader.expectSymbol("(");
  const list = [parseOperand(reader)];
  while (reader.takeSymbol(",") !== undefined) list.push(parseOperand(reader));
  reader.expectSymbol(")");
  return { type: "in", operand, list, negated };
}

function parseLike(reader: TokenReader, operand: Expression, negated: boolean): Predicate {
  const pattern = parseOperand(reader);
  const escapeCharacter = reader.takeKeyword("ESCAPE") ? parseOperand(reader) : undefined;
  return { type: "like", operand, pattern, escapeCharacter, negated };
}

function parseOperand(reader: TokenReader): Expression {
  return asExpression(reader, parseSum(reader, parseOr));
}

function asPredicate(reader: TokenReader, parsed: Parsed): Predicate {
  if (parsed.type === "predicate") return parsed.predicate;
  const rest = reader.peek();
  const next = rest.type === "end" ? "the end" : `'${rest.text}'`;
  throw reader.error(parsed.first, `A condition is expected here; an expression needs a comparison before ${next}.`);
}
