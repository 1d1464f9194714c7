import type { Connect } from "@anybroker/core";
import { type Adapter, adapterOf, connectFor, type Driver } from "@anybroker/core/driver";
import type { KafkaCapabilities } from "./capabilities.ts";
import { driverWith } from "./driver.ts";
import { type KafkaOptions, SCHEMES, settingsOf } from "./options.ts";

export * from "@anybroker/core";
export type { KafkaCapabilities } from "./capabilities.ts";
export type { KafkaOptions } from "./options.ts";
export type { KafkaRecord } from "./protocol/records.ts";

/**
 * Makes a driver for Kafka 3.9 and later. The driver connects when a broker is made from it.
 *
 * Throws `INVALID_CONFIG`, naming the option, for an unknown option or one of the wrong kind.
 */
export function kafka(options: KafkaOptions): Driver<KafkaCapabilities, unknown> {
  return driverWith(settingsOf(options));
}

/** The adapter of the URL schemes `kafka` and `kafka+ssl`. */
export const adapter: Adapter = adapterOf("kafka", SCHEMES, kafka);

/**
 * Connects to Kafka by a URL, by a config with a URL and {@link KafkaOptions}, or by a driver from {@link kafka}, which
 * types the broker by what Kafka can do. Connects to other brokers by a URL, if their adapter is installed.
 *
 * Rejects as the core's `connect` does.
 *
 * @example
 * ```ts
 * import { connect, kafka } from "@anybroker/kafka";
 *
 * await using broker = await connect("kafka://localhost");
 * // A driver from the factory also types the options by what the broker can do.
 * await using typed = await connect(kafka({ url: "kafka://localhost", partitions: 6 }));
 * await typed.queue<{ to: string }>("emails").send({ to: "ada@example.com" });
 * ```
 */
export const connect: Connect = connectFor([adapter]);
