import type * as core from "@anybroker/core/driver";
import { CONTRACT, formatAddress } from "@anybroker/core/driver";
import { capabilities, type RedisCapabilities } from "./capabilities.ts";
import type { RedisNative } from "./connection.ts";
import { classify } from "./errors.ts";
import { connect } from "./link.ts";
import type { Settings } from "./options.ts";
import { consumerPrefix } from "./topology.ts";

/** Makes a driver from checked options. The options, which hold secrets, cannot be read from it. */
export function makeDriver(settings: Settings): core.Driver<RedisCapabilities, RedisNative> {
  // Both outlive a link, so that a later link knows which consumers are left from an earlier one.
  const ownPrefix = consumerPrefix();
  const ownConsumers = new Set<string>();
  return {
    contract: CONTRACT,
    name: "redis",
    address: formatAddress(settings.address),
    capabilities,
    classify,
    connect: (context, signal) => connect({ settings, context, ownPrefix, ownConsumers }, signal),
  };
}
