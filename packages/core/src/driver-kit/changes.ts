import type { HeaderChanges } from "../contract/message.ts";

/** Copies the headers of a native message and applies changes. All other headers keep their value and type. */
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
