import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { CONTRACT, formatAddress } from "@anybroker/core/driver";
import { capabilities, type KafkaCapabilities } from "./capabilities.ts";
import { kafkajsClient } from "./cluster/kafkajs.ts";
import type { ProgramState } from "./cluster/link-state.ts";
import { platformaticClient } from "./cluster/platformatic.ts";
import { classify } from "./errors.ts";
import { openLink } from "./link.ts";
import type { Settings } from "./options.ts";

/** Makes a driver. Its options cannot be read from it, because they may be secret. */
export function driverWith(settings: Settings): core.Driver<KafkaCapabilities, unknown> {
  const client = settings.client === "platformatic" ? platformaticClient(settings) : kafkajsClient(settings);
  const program: ProgramState = {
    abandonedMembers: new Map(),
    owner: randomUUID().replaceAll("-", "").slice(0, 12),
  };
  return {
    contract: CONTRACT,
    name: "kafka",
    address: formatAddress(settings.address),
    capabilities,
    notesExposed: true,
    classify,
    connect: (context, signal) => openLink(client, settings, program, context, signal),
  };
}
