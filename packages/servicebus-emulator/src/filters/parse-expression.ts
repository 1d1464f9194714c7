import { systemProperty } from "./message.ts";
import type { Expression, Predicate, Property } from "./syntax.ts";
import type { TokenReader } from "./token-reader.ts";
import type { Token } from "./tokens.ts";

/** What parentheses may hold: an expression, or a condition. `first` is the token that it begins with. */
export type Parsed =
  | { readonly type: "expression"; readonly expression: Expression; readonly first: Token }
  | { readonly type: "predicate"; readonly predicate: Predicate; readonly first: Token };

/** Reads what parentheses hold. Actions have no conditions, so theirs reads an expression. */
export type ParseInner = (reader: TokenReader) => Parsed;

/** Reads an expression, or a condition in parentheses where one may stand. */
export function parseSum(reader: TokenReader, inner: ParseInner): Parsed {
  let left = parseProduct(reader, inner);
  for (;;) {
    const operator = reader.takeSymbol("+", "-");
    if (operator === undefined) return left;
    left = arithmetic(reader, operator, left, parseProduct(reader, inner));
  }
}

function parseProduct(reader: TokenReader, inner: ParseInner): Parsed {
  let left = parseSigned(reader, inner);
  for (;;) {
    const operator = reader.takeSymbol("*", "/", "%");
    if (operator === undefined) return left;
    left = arithmetic(reader, operator, left, parseSigned(reader, inner));
  }
}

function arithmetic(reader: TokenReader, operator: "+" | "-" | "*" | "/" | "%", left: Parsed, right: Parsed): Parsed {
  const operands = { left: asExpression(reader, left), right: asExpression(reader, right) };
  return { type: "expression", expression: { type: "arithmetic", operator, ...operands }, first: left.first };
}

function parseSigned(reader: TokenReader, inner: ParseInner): Parsed {
  const first = reader.peek();
  const operator = reader.takeSymbol("+", "-");
  if (operator === undefined) return parsePrimary(reader, inner);
  const operand = asExpression(reader, parseSigned(reader, inner));
  return { type: "expression", expression: { type: "sign", operator, operand }, first };
}

function parsePrimary(reader: TokenReader, inner: ParseInner): Parsed {
  const first = reader.peek();
  if (reader.takeSymbol("(") === undefined) return { type: "expression", expression: parseTerm(reader, inner), first };
  const parsed = inner(reader);
  reader.expectSymbol(")");
  return { ...parsed, first };
}

function parseTerm(reader: TokenReader, inner: ParseInner): Expression {
  const token = reader.peek();
  switch (token.type) {
    case "string":
    case "integer":
    case "double":
      reader.take();
      return { type: "constant", value: token.value };
    case "parameter":
      reader.take();
      return { type: "parameter", name: token.name };
    case "name":
      return isSymbol(reader.peek(1), "(")
        ? parseFunction(reader, inner)
        : { type: "property", property: parseProperty(reader) };
    case "keyword":
      if (reader.takeKeyword("TRUE")) return { type: "constant", value: true };
      if (reader.takeKeyword("FALSE")) return { type: "constant", value: false };
      if (reader.takeKeyword("NULL")) return { type: "constant", value: null };
      throw reader.error(token, "An expression is expected here, and this word is reserved.");
    case "symbol":
    case "end":
      throw reader.error(token, "An expression is expected here.");
  }
}

function parseFunction(reader: TokenReader, inner: ParseInner): Expression {
  const token = reader.take();
  const name = token.text.toLowerCase();
  reader.expectSymbol("(");
  if (name === "newid") {
    reader.expectSymbol(")");
    return { type: "newid" };
  }
  if (name !== "property" && name !== "p") {
    throw reader.error(token, "There is no such function. The functions are newid(), property(name) and p(name).");
  }
  const argument = asExpression(reader, parseSum(reader, inner));
  reader.expectSymbol(")");
  return { type: "property-function", name: argument };
}

/** Reads a property: a name, or a scope and a name. */
export function parseProperty(reader: TokenReader): Property {
  const first = takeName(reader);
  if (reader.takeSymbol(".") === undefined) return { type: "application", name: first.name };

  const scope = first.quoted ? first.text : first.name.toLowerCase();
  if (scope !== "sys" && scope !== "user") throw reader.error(first, "The scope of a property is sys or user.");
  const token = takeName(reader);
  if (scope === "user") return { type: "application", name: token.name };
  const name = systemProperty(token.name);
  if (name === undefined) throw reader.error(token, `A message has no system property '${token.name}'.`);
  return { type: "system", name };
}

function takeName(reader: TokenReader): Token & { readonly type: "name" } {
  const token = reader.peek();
  if (token.type !== "name") throw reader.error(token, "The name of a property is expected here.");
  reader.take();
  return token;
}

/** Takes what was read as an expression, or throws at its first token. */
export function asExpression(reader: TokenReader, parsed: Parsed): Expression {
  if (parsed.type === "expression") return parsed.expression;
  throw reader.error(parsed.first, "An expression is expected here, and this is a condition.");
}

function isSymbol(token: Token, symbol: string): boolean {
  return token.type === "symbol" && token.text === symbol;
}
