import type { Connect } from "@anybroker/core";
import { type Adapter, adapterOf, connectFor } from "@anybroker/core/driver";
import { rabbitmq } from "./driver.ts";

export * from "@anybroker/core";
export type { RabbitmqCapabilities } from "./capabilities.ts";
export { rabbitmq } from "./driver.ts";
export type { RabbitmqNative } from "./link.ts";
export type { ExchangeOptions, RabbitmqOptions } from "./options.ts";

/** Serves URLs of the schemes `amqp` and `amqps`. */
export const adapter: Adapter = adapterOf("rabbitmq", ["amqp", "amqps"], rabbitmq);

/**
 * Connects to a broker: to RabbitMQ by a URL, by a config with a URL and {@link RabbitmqOptions}, or by a driver that
 * {@link rabbitmq} made, which types the broker; to any other broker by a URL whose adapter is installed.
 *
 * Rejects as the core's `connect` does.
 *
 * @example
 * ```ts
 * import { connect, rabbitmq } from "@anybroker/rabbitmq";
 *
 * await using broker = await connect("amqp://localhost");
 * // A driver from the factory also types the options by what the broker can do.
 * await using typed = await connect(rabbitmq({ url: "amqp://localhost", heartbeat: 5_000 }));
 * await typed.queue<{ to: string }>("emails").send({ to: "ada@example.com" });
 * ```
 */
export const connect: Connect = connectFor([adapter]);
