import { settingOf } from "./message.ts";
import { asExpression, type Parsed, parseProperty, parseSum } from "./parse-expression.ts";
import type { Property, Statement } from "./syntax.ts";
import { TokenReader } from "./token-reader.ts";

/**
 * Parses the statements of a SQL action. Throws `SqlSyntaxError`.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-rule-action
 */
export function parseAction(text: string): readonly Statement[] {
  const reader = new TokenReader(text);
  const statements = [parseStatement(reader)];
  for (;;) {
    while (reader.takeSymbol(";", ",") !== undefined);
    if (reader.peek().type === "end") return statements;
    statements.push(parseStatement(reader));
  }
}

function parseStatement(reader: TokenReader): Statement {
  if (reader.takeKeyword("REMOVE")) return { type: "remove", property: parseTarget(reader) };
  if (!reader.takeKeyword("SET")) throw reader.error(reader.peek(), "SET or REMOVE is expected here.");
  const property = parseTarget(reader);
  reader.expectSymbol("=");
  return { type: "set", property, value: asExpression(reader, parseInner(reader)) };
}

function parseTarget(reader: TokenReader): Property {
  const token = reader.peek();
  const property = parseProperty(reader);
  if (property.type === "system" && settingOf(property.name) === "read-only") {
    throw reader.error(token, `An action cannot change the system property '${property.name}'.`);
  }
  return property;
}

function parseInner(reader: TokenReader): Parsed {
  return parseSum(reader, parseInner);
}
