import type * as core from "@anybroker/core/driver";
import { CONTRACT, formatAddress } from "@anybroker/core/driver";
import { capabilities, type RabbitmqCapabilities } from "./capabilities.ts";
import { classify } from "./errors.ts";
import { openLink, type RabbitmqNative } from "./link.ts";
import { type RabbitmqOptions, settingsOf } from "./options.ts";

/**
 * Makes a driver for RabbitMQ 3.10 and later. It connects when a broker is made from it.
 *
 * Throws `INVALID_CONFIG`, naming the option, for an option that is unknown or of the wrong kind.
 */
export function rabbitmq(options: RabbitmqOptions): core.Driver<RabbitmqCapabilities, RabbitmqNative> {
  // In a closure, so that no secret can be read from the driver.
  const settings = settingsOf(options);
  return {
    contract: CONTRACT,
    name: "rabbitmq",
    address: formatAddress(settings.address),
    capabilities,
    classify,
    connect: (context, signal) => openLink(settings, context, signal),
  };
}
