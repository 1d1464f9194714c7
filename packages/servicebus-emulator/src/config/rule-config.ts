import { compileRule } from "../filters/compile-rule.ts";
import { RuleError } from "../filters/errors.ts";
import type { CorrelationProperties, Rule, RuleFilter } from "../filters/rule.ts";
import type { Constant, Constants } from "../filters/values.ts";
import { ConfigError, describe, type Located, ObjectReader } from "./object-reader.ts";

const CORRELATION_FIELDS = {
  ContentType: "contentType",
  CorrelationId: "correlationId",
  Label: "label",
  MessageId: "messageId",
  ReplyTo: "replyTo",
  ReplyToSessionId: "replyToSessionId",
  SessionId: "sessionId",
  To: "to",
} as const satisfies Readonly<Record<string, keyof CorrelationProperties>>;

/** Reads the rest of a rule, whose name has been read. */
export function readRule(name: string, reader: ObjectReader): Rule {
  const properties = new ObjectReader(reader.required("Properties"));
  const filterType = properties.requiredString("FilterType");
  const filter = readFilter(filterType, properties);
  const action = properties.object("Action");
  const expression = action?.requiredString("SqlExpression");
  action?.end();
  properties.end();
  reader.end();
  refuseInvalid(properties.pathOf(filterType === "Sql" ? "SqlFilter" : "CorrelationFilter"), { name, filter });
  if (expression === undefined) return { name, filter };
  const rule: Rule = { name, filter, action: { expression, parameters: {} } };
  refuseInvalid(properties.pathOf("Action"), rule);
  return rule;
}

function readFilter(type: string, properties: ObjectReader): RuleFilter {
  if (type === "Sql") {
    const filter = new ObjectReader(properties.required("SqlFilter"));
    const expression = filter.requiredString("SqlExpression");
    filter.end();
    return { type: "sql", expression, parameters: {} };
  }
  if (type === "Correlation") return readCorrelation(new ObjectReader(properties.required("CorrelationFilter")));
  throw new ConfigError(properties.pathOf("FilterType"), `Correlation or Sql is expected, and not '${type}'.`);
}

function readCorrelation(filter: ObjectReader): RuleFilter {
  const conditions: Record<string, string> = {};
  for (const [field, name] of Object.entries(CORRELATION_FIELDS)) {
    const value = filter.string(field);
    if (value !== undefined) conditions[name] = value;
  }
  const properties = readProperties(filter.get("Properties"));
  filter.end();
  if (Object.keys(conditions).length === 0 && Object.keys(properties).length === 0) {
    throw new ConfigError(filter.path, "A correlation filter needs at least one condition.");
  }
  return { type: "correlation", ...conditions, properties };
}

function readProperties(field: Located | undefined): Constants {
  if (field === undefined) return {};
  const { value, path } = field;
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new ConfigError(path, `An object is expected, and not ${describe(value)}.`);
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, constantOf({ value: item, path: `${path}.${name}` })]),
  );
}

function constantOf({ value, path }: Located): Constant {
  if (typeof value === "string") return { type: "string", text: value };
  if (typeof value === "boolean") return { type: "boolean", text: String(value) };
  if (typeof value === "number") {
    return { type: Number.isSafeInteger(value) ? "long" : "double", text: String(value) };
  }
  throw new ConfigError(path, `A string, a number, true or false is expected, and not ${describe(value)}.`);
}

function refuseInvalid(path: string, rule: Rule): void {
  try {
    compileRule(rule);
  } catch (error) {
    throw error instanceof RuleError ? new ConfigError(path, error.message) : error;
  }
}
