import type { HeaderChanges } from "../contract/message.ts";

/** A copy of a native message's headers with ours set or removed; all others stay as they are, whatever their type. */
export function changeHeaders<T>(
  headers: Readonly<Record<string, T>> | undefined,
  changes: HeaderChanges,
): Record<string, T | string> {
  const copy: Record<string, T | string> = { ...headers };
  for (const [name, value] of Object.entries(changes)) {
    if (value === undefined) delete copy[name];
    else copy[name] = value;
  }
  return copy;
}
