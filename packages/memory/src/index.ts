import type { Connect } from "@anybroker/core";
import { type Adapter, type AdapterConfig, adapterOf, connectFor } from "@anybroker/core/driver";
import { memory } from "./driver.ts";
import { optionsFromUrl } from "./options.ts";

export * from "@anybroker/core";
export type {
  MemoryEntity,
  MemoryFault,
  MemoryFaultHook,
  MemoryInstance,
  MemoryOperation,
} from "./broker/instance.ts";
export { MemoryError, type MemoryErrorReason } from "./broker/memory-error.ts";
export type { MemoryMessage, MemorySentMessage } from "./broker/message.ts";
export type { MemoryCapabilities } from "./capabilities.ts";
export { type ManualClock, manualClock } from "./clock/manual-clock.ts";
export { memory } from "./driver.ts";
export type { MemoryOptions } from "./options.ts";

/** Serves URLs of the form `memory:name?option=value`. */
export const adapter: Adapter = adapterOf("memory", ["memory"], (config: AdapterConfig) =>
  memory(optionsFromUrl(config)),
);

/**
 * Connects to a broker, as the core's `connect` does. It knows the scheme `memory` without looking for its package.
 *
 * @example
 * ```ts
 * import { connect, memory } from "@anybroker/memory";
 *
 * await using broker = await connect("memory:orders");
 * // A driver from the factory also types the options by what the broker can do.
 * await using typed = await connect(memory({ maxMessages: 1_000 }));
 * await typed.queue<{ to: string }>("emails").send({ to: "ada@example.com" });
 * ```
 */
export const connect: Connect = connectFor([adapter]);
