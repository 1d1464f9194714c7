import type { Connect } from "@anybroker/core";
import { type Adapter, adapterOf, connectFor, type Driver } from "@anybroker/core/driver";
import type { RedisCapabilities } from "./capabilities.ts";
import type { RedisNative } from "./connection.ts";
import { makeDriver } from "./driver.ts";
import { type RedisOptions, SCHEMES, settingsOf } from "./options.ts";

export * from "@anybroker/core";
export type { RedisCapabilities } from "./capabilities.ts";
export type { RedisNative } from "./connection.ts";
export type { RedisOptions } from "./options.ts";

/**
 * Makes a driver for Redis 7.0 and later, and for Valkey. It connects when a broker object is made from it.
 *
 * Throws `INVALID_CONFIG` for an option that does not exist or has the wrong type, and names the option.
 */
export function redis(options: RedisOptions): Driver<RedisCapabilities, RedisNative> {
  return makeDriver(settingsOf(options));
}

/** Serves URLs with the schemes `redis` and `rediss`. */
export const adapter: Adapter = adapterOf("redis", SCHEMES, redis);

/**
 * Connects to a broker. The target is a URL of Redis, a config with such a URL and {@link RedisOptions}, a driver made
 * by {@link redis}, which types the broker object, or a URL of any other broker whose adapter is installed.
 *
 * Rejects as the core's `connect` does.
 *
 * @example
 * ```ts
 * import { connect, redis } from "@anybroker/redis";
 *
 * await using broker = await connect("redis://localhost");
 * // A driver from the factory also types the options by what the broker can do.
 * await using typed = await connect(redis({ url: "redis://localhost", heartbeat: 5_000 }));
 * await typed.queue<{ to: string }>("emails").send({ to: "ada@example.com" });
 * ```
 */
export const connect: Connect = connectFor([adapter]);
