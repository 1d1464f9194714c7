import type { Connect } from "@anybroker/core";
import { type Adapter, type AdapterConfig, connectFor, type Driver } from "@anybroker/core/driver";
import type { RedisCapabilities } from "./capabilities.ts";
import { driverWith } from "./driver.ts";
import type { RedisNative } from "./life.ts";
import { type RedisOptions, settingsOf } from "./options.ts";

export * from "@anybroker/core";
export type { RedisCapabilities } from "./capabilities.ts";
export type { RedisNative } from "./life.ts";
export type { RedisOptions } from "./options.ts";

/**
 * Makes a driver for Redis 7.0 and later, and for Valkey. It connects when a broker is made from it.
 *
 * Throws `INVALID_CONFIG`, naming the option, for what is unknown or of the wrong kind.
 */
export function redis(options: RedisOptions): Driver<RedisCapabilities, RedisNative> {
  return driverWith(settingsOf(options));
}

/** Serves URLs of the schemes `redis` and `rediss`. */
export const adapter: Adapter = {
  name: "redis",
  schemes: ["redis", "rediss"],
  // The cast is true: `redis` checks the name and the kind of every option.
  driver: (config: AdapterConfig): Driver => redis(config as unknown as RedisOptions),
};

/**
 * Connects to a broker: to Redis by a URL, by a config with a URL and {@link RedisOptions}, or by a driver that
 * {@link redis} has made, which types the broker; to any other by a URL whose adapter is installed.
 *
 * Rejects as the core's `connect` does.
 */
export const connect: Connect = connectFor([adapter]);
