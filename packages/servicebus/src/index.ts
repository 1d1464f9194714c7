import type { Connect } from "@anybroker/core";
import { type Adapter, adapterOf, connectFor } from "@anybroker/core/driver";
import { servicebus } from "./driver.ts";
import { SCHEMES } from "./options.ts";

export * from "@anybroker/core";
export type { ServicebusCapabilities } from "./capabilities.ts";
export type { ServicebusNative } from "./connection.ts";
export { servicebus } from "./driver.ts";
export type { ServicebusOptions } from "./options.ts";

/** Serves URLs of the scheme `servicebus`, and connection strings, which begin with `Endpoint=`. */
export const adapter: Adapter = adapterOf("servicebus", SCHEMES, servicebus);

/**
 * Connects to a broker: to Azure Service Bus by a URL or a connection string, by a config with either of them and
 * {@link ServicebusOptions}, or by a driver that {@link servicebus} made, which types the broker; to any other broker by a
 * URL whose adapter is installed.
 *
 * Rejects as the core's `connect` does.
 *
 * @example
 * ```ts
 * import { connect, servicebus } from "@anybroker/servicebus";
 *
 * const url = process.env.SERVICEBUS_CONNECTION_STRING ?? "";
 * await using broker = await connect(url);
 * // A driver from the factory also types the options by what the broker can do.
 * await using typed = await connect(servicebus({ url, timeout: 5_000 }));
 * await typed.queue<{ to: string }>("emails").send({ to: "ada@example.com" });
 * ```
 */
export const connect: Connect = connectFor([adapter]);
