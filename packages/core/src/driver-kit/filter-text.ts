import type { Filter } from "../contract/entities.ts";

const NONE = "none";

/** Writes a filter as text. Filters that let the same messages through have the same text. */
export function filterText(filter: Filter | undefined): string {
  if (filter === undefined) return NONE;
  const names = Object.keys(filter).sort();
  return JSON.stringify(Object.fromEntries(names.map((name) => [name, [...new Set(filter[name])].sort()])));
}

/** Reads what {@link filterText} has written. Returns undefined if the text is something else, such as a part of one. */
export function readFilterText(text: string): { readonly filter: Filter | undefined } | undefined {
  if (text === NONE) return { filter: undefined };
  try {
    const filter: unknown = JSON.parse(text);
    return isFilter(filter) ? { filter } : undefined;
  } catch {
    return undefined;
  }
}

function isFilter(value: unknown): value is Filter {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return false;
  const isList = (values: unknown): boolean => Array.isArray(values) && values.every((one) => typeof one === "string");
  return Object.values(value).every(isList);
}
