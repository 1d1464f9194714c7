import type { Connect } from "@anybroker/core";
import { type Adapter, type AdapterConfig, connectFor, type Driver } from "@anybroker/core/driver";
import type { RabbitmqCapabilities } from "./capabilities.ts";
import { driverWith, type RabbitmqNative } from "./driver.ts";
import { type RabbitmqOptions, settingsOf } from "./options.ts";

export * from "@anybroker/core";
export type { RabbitmqCapabilities } from "./capabilities.ts";
export type { RabbitmqNative } from "./driver.ts";
export type { ExchangeOptions, RabbitmqOptions } from "./options.ts";

/**
 * Makes a driver for RabbitMQ 3.10 and later. It connects when a broker is made from it.
 *
 * Throws `INVALID_CONFIG`, naming the option, for what is unknown or of the wrong kind.
 */
export function rabbitmq(options: RabbitmqOptions): Driver<RabbitmqCapabilities, RabbitmqNative> {
  return driverWith(settingsOf(options));
}

/** Serves URLs of the schemes `amqp` and `amqps`. */
export const adapter: Adapter = {
  name: "rabbitmq",
  schemes: ["amqp", "amqps"],
  // The cast is true: `rabbitmq` checks the name and the kind of every option.
  driver: (config: AdapterConfig): Driver => rabbitmq(config as unknown as RabbitmqOptions),
};

/**
 * Connects to a broker: to RabbitMQ by a URL, by a config with a URL and {@link RabbitmqOptions}, or by a driver that
 * {@link rabbitmq} has made, which types the broker; to any other by a URL whose adapter is installed.
 *
 * Rejects as the core's `connect` does.
 */
export const connect: Connect = connectFor([adapter]);
