import { SubscriptionEntity } from "../../entities/entity.ts";
import type { SubscriptionRule } from "../../entities/rules.ts";
import type { Rule, RuleAction, RuleFilter } from "../../filters/rule.ts";
import { type Constant, type Constants, constantValue } from "../../filters/values.ts";
import { encodeFilterValue } from "../message/filter-value.ts";
import { type Typed, types } from "../rhea.ts";
import { invalid, mapIn, numberIn, requiredTextIn, textIn } from "./fields.ts";
import type { ManagementRequest, Operation } from "./operation.ts";

type Body = Readonly<Record<string, unknown>>;

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-request-response
const CODES = {
  sqlFilter: 0x13_7000_0006,
  trueFilter: 0x13_7000_0007,
  falseFilter: 0x13_7000_0008,
  correlationFilter: 0x13_7000_0009,
  ruleDescription: 0x137_0000_0004,
  emptyAction: 0x137_0000_0005,
  sqlAction: 0x137_0000_0006,
};

const add: Operation = {
  claims: ["Manage", "Listen"],
  run: (request) => {
    const { body } = request;
    const description = mapIn(body, "rule-description");
    if (description === undefined) throw invalid("The request lacks rule-description.");
    subscriptionOf(request).addRule(ruleOf(requiredTextIn(body, "rule-name"), description));
    return {};
  },
};

const remove: Operation = {
  claims: ["Manage", "Listen"],
  run: (request) => {
    subscriptionOf(request).removeRule(requiredTextIn(request.body, "rule-name"));
    return {};
  },
};

const enumerate: Operation = {
  claims: ["Manage", "Listen"],
  run: (request) => {
    const skip = numberIn(request.body, "skip") ?? 0;
    const page = subscriptionOf(request).rules.slice(skip, skip + (numberIn(request.body, "top") ?? 100));
    if (page.length === 0) return undefined;
    return { rules: page.map((rule) => ({ "rule-description": describedRule(rule) })) };
  },
};

function subscriptionOf({ place }: ManagementRequest): SubscriptionEntity {
  if (place.entity instanceof SubscriptionEntity) return place.entity;
  throw invalid("Only subscriptions have rules.");
}

function ruleOf(name: string, description: Body): Rule {
  const action = mapIn(description, "sql-rule-action");
  const expression = action === undefined ? undefined : textIn(action, "expression");
  const rule = { name, filter: filterOf(description) };
  return expression === undefined || expression === "" ? rule : { ...rule, action: { expression, parameters: {} } };
}

function filterOf(description: Body): RuleFilter {
  const sql = mapIn(description, "sql-filter");
  if (sql !== undefined) return { type: "sql", expression: requiredTextIn(sql, "expression"), parameters: {} };
  const correlation = mapIn(description, "correlation-filter");
  if (correlation === undefined) return { type: "true" };
  return {
    type: "correlation",
    correlationId: textIn(correlation, "correlation-id"),
    messageId: textIn(correlation, "message-id"),
    to: textIn(correlation, "to"),
    replyTo: textIn(correlation, "reply-to"),
    label: textIn(correlation, "label"),
    sessionId: textIn(correlation, "session-id"),
    replyToSessionId: textIn(correlation, "reply-to-session-id"),
    contentType: textIn(correlation, "content-type"),
    properties: constantsOf(mapIn(correlation, "properties") ?? {}),
  };
}

function constantsOf(properties: Body): Constants {
  return Object.fromEntries(Object.entries(properties).map(([name, value]) => [name, constantOf(name, value)]));
}

function constantOf(name: string, value: unknown): Constant {
  if (typeof value === "string") return { type: "string", text: value };
  if (typeof value === "boolean") return { type: "boolean", text: `${value}` };
  if (typeof value === "number") return { type: Number.isInteger(value) ? "long" : "double", text: `${value}` };
  if (value instanceof Date) return { type: "dateTime", text: value.toISOString() };
  throw invalid(`The property '${name}' has a value that filters do not know.`);
}

function describedRule({ definition, createdAt }: SubscriptionRule): Typed {
  const { name, filter, action } = definition;
  return described(CODES.ruleDescription, [
    describedFilter(filter),
    describedAction(action),
    name,
    new Date(createdAt),
  ]);
}

function describedFilter(filter: RuleFilter): Typed {
  switch (filter.type) {
    case "true":
      return described(CODES.trueFilter, []);
    case "false":
      return described(CODES.falseFilter, []);
    case "sql":
      return described(CODES.sqlFilter, [filter.expression, 20]);
    case "correlation":
      return described(CODES.correlationFilter, [
        filter.correlationId,
        filter.messageId,
        filter.to,
        filter.replyTo,
        filter.label,
        filter.sessionId,
        filter.replyToSessionId,
        filter.contentType,
        typedProperties(filter.properties),
      ]);
  }
}

function typedProperties(properties: Constants): Typed {
  const values = Object.entries(properties).map(([name, constant]) => {
    const bytes = encodeFilterValue(constantValue(constant));
    return [name, new types.Reader(bytes).read()];
  });
  return types.wrap_map(Object.fromEntries(values));
}

function describedAction(action: RuleAction | undefined): Typed {
  if (action === undefined) return described(CODES.emptyAction, []);
  return described(CODES.sqlAction, [action.expression, 20]);
}

function described(code: number, fields: readonly unknown[]): Typed {
  return types.wrap_described(types.wrap_list(fields), code);
}

export const RULE_OPERATIONS: Readonly<Record<string, Operation>> = {
  "com.microsoft:add-rule": add,
  "com.microsoft:remove-rule": remove,
  "com.microsoft:enumerate-rules": enumerate,
};
