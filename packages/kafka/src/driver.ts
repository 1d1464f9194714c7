import type * as core from "@anybroker/core/driver";
import { CONTRACT, formatAddress } from "@anybroker/core/driver";
import { capabilities, type KafkaCapabilities } from "./capabilities.ts";
import { kafkajsClient } from "./cluster/kafkajs.ts";
import { platformaticClient } from "./cluster/platformatic.ts";
import { classify } from "./errors.ts";
import { openLink } from "./link.ts";
import type { Settings } from "./options.ts";

/** Makes a driver, from which the options cannot be read. */
export function driverWith(settings: Settings): core.Driver<KafkaCapabilities, unknown> {
  const client = settings.client === "platformatic" ? platformaticClient(settings) : kafkajsClient(settings);
  const strays = new Map<string, Set<string>>();
  return {
    contract: CONTRACT,
    name: "kafka",
    address: formatAddress(settings.address),
    capabilities,
    classify,
    connect: (context, signal) => openLink(client, settings, strays, context, signal),
  };
}
