import { show } from "../base/check.ts";
import type { Filter } from "../contract/entities.ts";
import { checkHeaderName } from "../contract/headers.ts";

/** Checks a user's filter and converts it to lists of values. Returns undefined if it lets everything through. */
export function fullFilter(
  filter: Readonly<Record<string, string | readonly string[]>> | undefined,
): Filter | undefined {
  if (filter === undefined) return undefined;
  if (typeof filter !== "object" || filter === null) {
    throw new TypeError(`filter must be an object of header names and values, not ${show(filter)}`);
  }
  const full: Record<string, readonly string[]> = Object.create(null);
  for (const [name, value] of Object.entries(filter)) {
    checkHeaderName(name);
    const values = typeof value === "string" ? [value] : value;
    if (!Array.isArray(values) || values.length === 0 || !values.every((one) => typeof one === "string")) {
      throw new TypeError(`filter: ${name} must be a string or a list of at least one string, not ${show(value)}`);
    }
    full[name] = [...values];
  }
  return Object.keys(full).length === 0 ? undefined : full;
}

/** Returns whether the headers contain, for each name in the filter, one of its values. */
export function matches(filter: Filter, headers: Readonly<Record<string, string>>): boolean {
  for (const name of Object.keys(filter)) {
    const value = headers[name];
    if (value === undefined || filter[name]?.includes(value) !== true) return false;
  }
  return true;
}
