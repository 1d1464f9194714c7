import { applicationProperty, type FilterMessage } from "./message.ts";
import { compare } from "./operators.ts";
import type { CorrelationFilter, CorrelationProperties } from "./rule.ts";
import { constantValue, type FilterValue } from "./values.ts";

/** The names of the conditions of a correlation filter, besides the ones on application properties. */
export const CORRELATION_NAMES: readonly (keyof CorrelationProperties)[] = [
  "correlationId",
  "messageId",
  "to",
  "replyTo",
  "label",
  "sessionId",
  "replyToSessionId",
  "contentType",
];

/**
 * Compiles a correlation filter: all values have to be equal, strings with their letter case.
 * Values of different types are not equal, except numbers of the same value.
 * https://learn.microsoft.com/azure/service-bus-messaging/topic-filters
 */
export function compileCorrelation(filter: CorrelationFilter): (message: FilterMessage) => boolean {
  const system = CORRELATION_NAMES.flatMap((name) => {
    const value = filter[name];
    return value === undefined ? [] : [[name, value] as const];
  });
  const application = Object.entries(filter.properties).map(
    ([name, constant]) => [name, constantValue(constant)] as const,
  );
  return (message) =>
    system.every(([name, value]) => message.system[name] === value) &&
    application.every(([name, value]) => same(applicationProperty(message, name), value));
}

function same(left: FilterValue | undefined, right: FilterValue): boolean {
  if (left === undefined || left === null) return false;
  return kind(left) === kind(right) && compare("=", left, right) === true;
}

/** Values of one kind can be compared. */
function kind(value: FilterValue): string {
  if (value === null) return "null";
  if (value instanceof Date) return "date";
  if (typeof value === "object") return value.kind;
  return typeof value === "bigint" ? "number" : typeof value;
}
