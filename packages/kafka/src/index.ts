import type { Connect } from "@anybroker/core";
import { type Adapter, type AdapterConfig, connectFor, type Driver } from "@anybroker/core/driver";
import type { KafkaCapabilities } from "./capabilities.ts";
import { driverWith } from "./driver.ts";
import { type KafkaOptions, settingsOf } from "./options.ts";

export * from "@anybroker/core";
export type { KafkaCapabilities } from "./capabilities.ts";
export type { KafkaOptions } from "./options.ts";
export type { KafkaRecord } from "./protocol/records.ts";

/**
 * Makes a driver for Kafka 3.0 and later. It connects when a broker is made from it.
 *
 * Throws `INVALID_CONFIG`, naming the option, for what is unknown or of the wrong kind.
 */
export function kafka(options: KafkaOptions): Driver<KafkaCapabilities, unknown> {
  return driverWith(settingsOf(options));
}

/** Serves URLs of the schemes `kafka` and `kafka+ssl`. */
export const adapter: Adapter = {
  name: "kafka",
  schemes: ["kafka", "kafka+ssl"],
  // The cast is true: `kafka` checks the name and the kind of every option.
  driver: (config: AdapterConfig): Driver => kafka(config as unknown as KafkaOptions),
};

/**
 * Connects to a broker: to Kafka by a URL, by a config with a URL and {@link KafkaOptions}, or by a driver that
 * {@link kafka} has made, which types the broker; to any other by a URL whose adapter is installed.
 *
 * Rejects as the core's `connect` does.
 */
export const connect: Connect = connectFor([adapter]);
