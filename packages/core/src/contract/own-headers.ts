/** The largest count that is written and believed. */
const MAX_COUNT = 1_000_000;
/** The last time that a `Date` can have, in milliseconds since 1970. */
const MAX_TIME = 8_640_000_000_000_000;
const DECIMAL = /^(?:0|[1-9]\d{0,15})$/;

/** A count as the value of a header. A larger one than can be read is written as the largest. */
export function formatCount(count: number): string {
  return String(Math.min(count, MAX_COUNT));
}

/** Reads a count as {@link formatCount} writes it. Undefined for anything else, which another program wrote. */
export function readCount(text: string | undefined): number | undefined {
  return readInteger(text, MAX_COUNT);
}

/** Reads milliseconds since 1970 as `String` writes them. Undefined for anything else, which another program wrote. */
export function readTime(text: string | undefined): number | undefined {
  return readInteger(text, MAX_TIME);
}

/** Reads a time as `toISOString` writes it. Undefined for anything else, which another program wrote. */
export function readDate(text: string | undefined): Date | undefined {
  const date = text === undefined ? undefined : dateOf(Date.parse(text));
  return date?.toISOString() === text ? date : undefined;
}

/** The date of a time in milliseconds since 1970. Undefined for a time that no `Date` can have. */
export function dateOf(time: number | undefined): Date | undefined {
  const date = new Date(time ?? Number.NaN);
  return Number.isNaN(date.getTime()) ? undefined : date;
}

function readInteger(text: string | undefined, max: number): number | undefined {
  if (text === undefined || !DECIMAL.test(text)) return undefined;
  const value = Number(text);
  return value <= max ? value : undefined;
}
