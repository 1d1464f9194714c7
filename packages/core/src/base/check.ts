/** Throws a `TypeError` for an unknown option, or options that are not an object. The message lists the known ones. */
export function checkKeys(what: string, options: object, known: readonly string[]): void {
  const isObject = typeof options === "object" && options !== null;
  if (!isObject || Array.isArray(options) || options instanceof AbortSignal) {
    const found = isObject && !Array.isArray(options) ? "an AbortSignal" : show(options);
    throw new TypeError(`${what}: options must be an object, not ${found}; known ones: ${known.join(", ")}`);
  }
  for (const key of Object.keys(options)) {
    if (!known.includes(key)) {
      throw new TypeError(`${what}: unknown option ${JSON.stringify(key)}; known ones: ${known.join(", ")}`);
    }
  }
}

/**
 * Returns the value, or `fallback` if it is undefined. Throws a `TypeError` unless it is an integer from min to max.
 */
export function integer(
  what: string,
  value: number | undefined,
  fallback: number,
  min: number,
  max: number = 2 ** 53,
): number {
  if (value === undefined) return fallback;
  if (!Number.isInteger(value) || value < min || value > max) {
    const range = max === 2 ** 53 ? `of at least ${min}` : `from ${min} to ${max}`;
    throw new TypeError(`${what} must be an integer ${range}, not ${show(value)}`);
  }
  return value;
}

/** Returns the value, or `fallback` if it is undefined. Throws a `TypeError` unless it is a number from min to max. */
export function number(what: string, value: number | undefined, fallback: number, min: number, max: number): number {
  if (value === undefined) return fallback;
  if (typeof value !== "number" || !(value >= min && value <= max)) {
    throw new TypeError(`${what} must be a number from ${min} to ${max}, not ${show(value)}`);
  }
  return value;
}

/** Returns the entries of a record of options by name. Throws a `TypeError` that names the entry that is not an object. */
export function entriesOf<T>(what: string, options: Readonly<Record<string, T>> | undefined): readonly [string, T][] {
  if (options === undefined) return [];
  const isObject = (value: unknown): boolean => typeof value === "object" && value !== null;
  if (!isObject(options)) throw new TypeError(`${what} must be an object of options by name, not ${show(options)}`);
  const entries = Object.entries(options);
  for (const [name, value] of entries) {
    if (!isObject(value))
      throw new TypeError(`${what}: the options of ${show(name)} must be an object, not ${show(value)}`);
  }
  return entries;
}

/** Throws a `TypeError` unless the value is an `AbortSignal` or undefined. */
export function checkSignal(what: string, value: unknown): void {
  if (value === undefined || value instanceof AbortSignal) return;
  throw new TypeError(`${what}: signal must be an AbortSignal, not ${show(value)}`);
}

/** Throws a `TypeError` unless the value is a function. */
export function checkFunction(what: string, value: unknown): void {
  if (typeof value !== "function") throw new TypeError(`${what} must be a function, not ${show(value)}`);
}

/** Says which character of a name is the first that the pattern matches; undefined without one. */
export function oddCharacter(name: string, odd: RegExp): string | undefined {
  const found = odd.exec(name);
  return found === null ? undefined : `${show(found[0])} at position ${found.index + 1} is not allowed`;
}

/** Formats a value for an error message: short strings and primitives as they are, anything else by its kind. */
export function show(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 80 ? `${value.slice(0, 80)}…` : value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "an invalid Date" : value.toISOString();
  if (typeof value === "object") return value === null ? "null" : `an ${Array.isArray(value) ? "array" : "object"}`;
  // The cast is true enough: only primitives and functions remain.
  return typeof value === "function" ? "a function" : String(value as symbol);
}
