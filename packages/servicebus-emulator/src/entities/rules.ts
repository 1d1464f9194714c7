import type { Content } from "./message.ts";

/** Which messages of a topic a subscription gets, and how they are changed. */
export interface Rule {
  readonly name: string;
  /** Throws if the filter cannot be evaluated for the message. */
  matches(content: Content): boolean;
  /** Changes the copy of the message. */
  readonly apply: ((content: Content) => Content) | undefined;
}

/** The name of the rule that a subscription has if it was created without one. */
export const DEFAULT_RULE_NAME = "$Default";

/**
 * What a subscription gets of a message: one copy if a rule without an action matches, and one copy more for each
 * matching rule with an action.
 */
export function copiesFor(rules: Iterable<Rule>, content: Content): readonly Content[] {
  const copies: Content[] = [];
  let hasPlainCopy = false;
  for (const rule of rules) {
    if (!rule.matches(content)) continue;
    if (rule.apply !== undefined) copies.push(rule.apply(content));
    else if (!hasPlainCopy) {
      hasPlainCopy = true;
      copies.push(content);
    }
  }
  return copies;
}
