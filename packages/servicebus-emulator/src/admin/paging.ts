import { AdminError } from "./errors.ts";

/** A part of a list, and the query of the next one. */
export interface Page<Item> {
  readonly items: readonly Item[];
  readonly next: string | undefined;
}

// The service returns at most so many at a time.
const LARGEST_PAGE = 100;

/** Cuts out what `$skip` and `$top` ask for. */
export function pageOf<Item>(all: readonly Item[], query: URLSearchParams): Page<Item> {
  const skip = numberOf(query, "skip") ?? 0;
  const top = Math.min(numberOf(query, "top") ?? LARGEST_PAGE, LARGEST_PAGE);
  const end = skip + top;
  const items = all.slice(skip, end);
  if (end >= all.length || top === 0) return { items, next: undefined };
  const version = query.get("api-version");
  const rest = version === null ? "" : `api-version=${version}&`;
  return { items, next: `${rest}$skip=${end}&$top=${top}` };
}

function numberOf(query: URLSearchParams, name: "skip" | "top"): number | undefined {
  const text = query.get(`$${name}`);
  if (text === null) return undefined;
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new AdminError(400, `Parameter '${name}' should be non-negative integer.\nParameter name: ${name}.`);
}
