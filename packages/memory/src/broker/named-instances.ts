import { type Bounds, Instance } from "./instance.ts";
import { MemoryError } from "./memory-error.ts";

// The only state at module level: by definition, all links of a process share the instance of a name. An instance is in
// here while a link to it is open or an entity of it exists.
const instances = new Map<string, Instance>();

/** The instance of that name, created if there is none. Throws when it exists with bounds other than those asked for. */
export function namedInstance(name: string, bounds: Bounds): Instance {
  const existing = instances.get(name);
  if (existing === undefined) {
    const created = new Instance(name, bounds, () => instances.delete(name));
    instances.set(name, created);
    return created;
  }
  checkSame(name, "maxMessages", bounds.maxMessages, existing.budget.maxMessages);
  checkSame(name, "maxBytes", bounds.maxBytes, existing.budget.maxBytes);
  return existing;
}

function checkSame(name: string, option: string, asked: number | undefined, existing: number): void {
  if (asked === undefined || asked === existing) return;
  throw new MemoryError("config", `the instance memory:${name} exists with ${option} ${existing}, not ${asked}`);
}
