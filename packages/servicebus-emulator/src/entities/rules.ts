import { type CompiledRule, compileRule } from "../filters/compile-rule.ts";
import { RuleError } from "../filters/errors.ts";
import type { Rule } from "../filters/rule.ts";
import { EntityError } from "./errors.ts";
import type { Content } from "./message.ts";

/** A rule of a subscription: which messages of a topic it gets, and how they are changed. */
export interface SubscriptionRule {
  readonly definition: Rule;
  /** In ms since 1970. */
  readonly createdAt: number;
  readonly compiled: CompiledRule;
}

/** The rule that a subscription has if it was created without one. */
export const DEFAULT_RULE: Rule = { name: "$Default", filter: { type: "true" } };

/** Throws an `EntityError` if the rule is not valid. */
export function subscriptionRule(definition: Rule, createdAt: number): SubscriptionRule {
  try {
    return { definition, createdAt, compiled: compileRule(definition) };
  } catch (error) {
    if (error instanceof RuleError) throw new EntityError("invalid", error.message);
    throw error;
  }
}

/**
 * What a subscription gets of a message: one copy if a rule without an action matches, and one copy more for each
 * matching rule with an action.
 *
 * https://learn.microsoft.com/azure/service-bus-messaging/topic-filters
 */
export function copiesFor(rules: Iterable<SubscriptionRule>, content: Content): readonly Content[] {
  const copies: Content[] = [];
  let hasPlainCopy = false;
  for (const { definition, compiled } of rules) {
    // The most frequent filter needs nothing of the message.
    if (definition.filter.type !== "true" && !compiled.matches(content.filterMessage)) continue;
    if (definition.action !== undefined) {
      const changes = compiled.changes(content.filterMessage);
      copies.push(changes === undefined ? content : content.withRuleChanges(changes));
    } else if (!hasPlainCopy) {
      hasPlainCopy = true;
      copies.push(content);
    }
  }
  return copies;
}
