import type * as core from "@anybroker/core/driver";
import { CONTRACT } from "@anybroker/core/driver";
import { capabilities, type ServicebusCapabilities } from "./capabilities.ts";
import type { ServicebusNative } from "./connection.ts";
import { classify } from "./errors.ts";
import { openLink } from "./link.ts";
import { type ServicebusOptions, settingsOf } from "./options.ts";

/**
 * Makes a driver for Azure Service Bus. It connects when a broker is made from it.
 *
 * Throws `INVALID_CONFIG`, naming the option, for an option that is unknown or of the wrong kind.
 */
export function servicebus(options: ServicebusOptions): core.Driver<ServicebusCapabilities, ServicebusNative> {
  // In a closure, so that no secret can be read from the driver.
  const settings = settingsOf(options);
  return {
    contract: CONTRACT,
    name: "servicebus",
    address: `servicebus://${settings.host}`,
    capabilities,
    classify,
    connect: (context, signal) => openLink(settings, context, signal),
  };
}
