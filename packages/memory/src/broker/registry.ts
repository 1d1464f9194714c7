import { type Bounds, Instance } from "./instance.ts";
import { MemoryError } from "./memory-error.ts";

// The one state at module level: a named instance is, by definition, what all links of a process with that name share.
// One is in here while a link to it is open or an entity of it exists.
const instances = new Map<string, Instance>();

/** The instance of that name, made when there is none. Throws when it exists with other bounds than those asked for. */
export function namedInstance(name: string, bounds: Bounds): Instance {
  const found = instances.get(name);
  if (found === undefined) {
    const made = new Instance(name, bounds, () => instances.delete(name));
    instances.set(name, made);
    return made;
  }
  same(name, "maxMessages", bounds.maxMessages, found.budget.maxMessages);
  same(name, "maxBytes", bounds.maxBytes, found.budget.maxBytes);
  return found;
}

function same(name: string, option: string, asked: number | undefined, found: number): void {
  if (asked === undefined || asked === found) return;
  throw new MemoryError("config", `the instance memory:${name} exists with ${option} ${found}, not ${asked}`);
}
