/** How user and password appear in a text that explains the form of a URL. {@link redact} leaves it as it is. */
export const USER_INFO = "[user:password@]";

/**
 * The part of a URL from its two slashes to the next white space. A user and a colon without a port behind it begin a
 * password that may contain white space itself. A `file:` URL has no user, but an `@` in many a path.
 */
const AUTHORITY = /(?<!file:\/?)\/\/(?:[^\s:@/?#[]*:(?!\d{1,5}(?!\w))[^@\n]{0,200}@)?\S*/g;

/** A secret with its name, in a connection string or among the parameters of a URL. */
const NAMED_SECRET = /((?:SharedAccessKey|password|passphrase|secret|token)=)[^;&\s]+/gi;

/**
 * Replaces the user and password of every URL, and the secrets of connection strings, with `***`. In a URL everything
 * up to the last `@` is replaced, because a password that is not percent-encoded may contain any character.
 */
export function redact(text: string): string {
  return text.replace(AUTHORITY, withoutUserInfo).replace(NAMED_SECRET, "$1***");
}

function withoutUserInfo(authority: string): string {
  const start = authority.startsWith(USER_INFO, 2) ? 2 + USER_INFO.length : 2;
  const end = authority.lastIndexOf("@");
  if (end < start) return authority;
  const before = authority.slice(start, end);
  const isPath = /[/?#]/.test(before) && !before.includes(":");
  return isPath ? authority : `//***${authority.slice(end)}`;
}

/**
 * Returns what was thrown, without the secrets that {@link redact} finds in its texts and in those of its causes. If
 * there are none, it returns the same value. Otherwise it returns a copy: a plain `Error` with the same properties.
 * Never throws.
 */
export function withoutSecrets(thrown: unknown): unknown {
  try {
    return hasSecret(thrown, new Set()) ? redacted(thrown, new Map()) : thrown;
  } catch {
    return thrown;
  }
}

function hasSecret(value: unknown, seen: Set<unknown>): boolean {
  if (typeof value === "string") return redact(value) !== value;
  if (Array.isArray(value)) return value.some((element) => hasSecret(element, seen));
  if (!(value instanceof Error) || seen.has(value)) return false;
  seen.add(value);
  return keysOf(value).some((key) => hasSecret(Reflect.get(value, key), seen));
}

function redacted(value: unknown, copies: Map<Error, Error>): unknown {
  if (typeof value === "string") return redact(value);
  if (Array.isArray(value)) return value.map((element) => redacted(element, copies));
  if (!(value instanceof Error)) return value;
  const known = copies.get(value);
  if (known !== undefined) return known;
  const copy = new Error();
  copies.set(value, copy);
  for (const key of keysOf(value)) {
    Object.defineProperty(copy, key, {
      value: redacted(Reflect.get(value, key), copies),
      enumerable: Object.prototype.propertyIsEnumerable.call(value, key),
      configurable: true,
      writable: true,
    });
  }
  return copy;
}

/** The first three may be getters of the error's class. */
function keysOf(error: Error): readonly PropertyKey[] {
  return [...new Set(["name", "message", "stack", ...Reflect.ownKeys(error)])];
}
