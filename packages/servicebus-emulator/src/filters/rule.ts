import type { Constants } from "./values.ts";

/** The conditions of a correlation filter on properties that every message has. */
export interface CorrelationProperties {
  readonly correlationId?: string | undefined;
  readonly messageId?: string | undefined;
  readonly to?: string | undefined;
  readonly replyTo?: string | undefined;
  readonly label?: string | undefined;
  readonly sessionId?: string | undefined;
  readonly replyToSessionId?: string | undefined;
  readonly contentType?: string | undefined;
}

/** A filter in SQL. `parameters` are named with their `@`. */
export interface SqlFilter {
  readonly type: "sql";
  readonly expression: string;
  readonly parameters: Constants;
}

/** A filter that compares properties with constants; all have to be equal. */
export interface CorrelationFilter extends CorrelationProperties {
  readonly type: "correlation";
  readonly properties: Constants;
}

/** What selects the messages of a rule. */
export type RuleFilter = { readonly type: "true" } | { readonly type: "false" } | SqlFilter | CorrelationFilter;

/** What a rule changes of the messages that it selects. `parameters` are named with their `@`. */
export interface RuleAction {
  readonly expression: string;
  readonly parameters: Constants;
}

/** A rule of a subscription, as it is stored. */
export interface Rule {
  readonly name: string;
  readonly filter: RuleFilter;
  readonly action?: RuleAction | undefined;
}
