import { compileAction, type RuleChanges } from "./action.ts";
import { compileCorrelation } from "./correlation.ts";
import { FilterEvaluationError, RuleError } from "./errors.ts";
import { compilePredicate, type Parameters } from "./evaluate.ts";
import type { FilterMessage } from "./message.ts";
import { parseAction } from "./parse-action.ts";
import { parseFilter } from "./parse-filter.ts";
import type { Rule, RuleAction, RuleFilter } from "./rule.ts";
import { type Constants, constantValue, type FilterValue } from "./values.ts";

/** A rule that can be applied. Both methods throw `FilterEvaluationError`. */
export interface CompiledRule {
  /** Whether the filter is true for the message; unknown is not true. */
  matches(message: FilterMessage): boolean;
  /** What the action changes of the message; `undefined` without an action. */
  changes(message: FilterMessage): RuleChanges | undefined;
}

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-quotas
const MAX_EXPRESSION_LENGTH = 1024;
const MAX_STATEMENTS = 32;

/** Compiles a rule. Throws `RuleError`, for SQL that does not parse its subclass `SqlSyntaxError`. */
export function compileRule(rule: Rule): CompiledRule {
  const matches = compileFilter(rule.filter);
  if (rule.action === undefined) return { matches, changes: () => undefined };
  return { matches, changes: compileRuleAction(rule.action) };
}

function compileFilter(filter: RuleFilter): (message: FilterMessage) => boolean {
  if (filter.type === "true") return () => true;
  if (filter.type === "false") return () => false;
  if (filter.type === "correlation") return compileCorrelation(filter);

  checkLength("filter", filter.expression);
  const predicate = parseFilter(filter.expression);
  const test = refusing(() => compilePredicate(predicate, parametersOf(filter.parameters)));
  return (message) => test(message) === true;
}

function compileRuleAction(action: RuleAction): (message: FilterMessage) => RuleChanges {
  checkLength("action", action.expression);
  const statements = parseAction(action.expression);
  if (statements.length > MAX_STATEMENTS) {
    throw new RuleError(`The action has ${statements.length} statements, and ${MAX_STATEMENTS} are allowed.`);
  }
  return refusing(() => compileAction(statements, parametersOf(action.parameters)));
}

/** What cannot be evaluated for any message makes the rule invalid. */
function refusing<T>(compile: () => T): T {
  try {
    return compile();
  } catch (error) {
    throw error instanceof FilterEvaluationError ? new RuleError(error.message, { cause: error }) : error;
  }
}

function checkLength(what: "filter" | "action", expression: string): void {
  if (expression.length <= MAX_EXPRESSION_LENGTH) return;
  throw new RuleError(
    `The expression of the ${what} has ${expression.length} characters, and ${MAX_EXPRESSION_LENGTH} are allowed.`,
  );
}

function parametersOf(constants: Constants): Parameters {
  const values = new Map<string, FilterValue>(
    Object.entries(constants).map(([name, constant]) => [name.toLowerCase(), constantValue(constant)]),
  );
  return (name) => {
    const value = values.get(name.toLowerCase());
    if (value === undefined) throw new RuleError(`The expression uses the parameter '${name}', which has no value.`);
    return value;
  };
}
