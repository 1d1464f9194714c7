import { CONTRACT, type Driver, Naming } from "@anybroker/core/driver";
import { Instance, type MemoryInstance } from "./broker/instance.ts";
import { namedInstance } from "./broker/named-instances.ts";
import { capabilities, type MemoryCapabilities } from "./capabilities.ts";
import { classify } from "./errors.ts";
import { openLink } from "./link.ts";
import { checkOptions, type MemoryOptions } from "./options.ts";

/**
 * Makes a driver for the embedded broker. With a name it uses one of the instances that the process shares. Without a
 * name it has an instance of its own, which outlives reconnects.
 *
 * Throws `INVALID_CONFIG` for an unknown option or a wrong value.
 */
export function memory(options: MemoryOptions = {}): Driver<MemoryCapabilities, MemoryInstance> {
  const { name, maxMessages, maxBytes, naming } = checkOptions(options);
  const bounds = { maxMessages, maxBytes };
  const names = new Naming(naming);
  const ownInstance = name === undefined ? new Instance(undefined, bounds, () => {}) : undefined;
  return {
    contract: CONTRACT,
    name: "memory",
    address: `memory:${name ?? ""}`,
    capabilities,
    classify,
    async connect(context, signal) {
      signal.throwIfAborted();
      return openLink(ownInstance ?? namedInstance(name ?? "", bounds), names, context);
    },
  };
}
