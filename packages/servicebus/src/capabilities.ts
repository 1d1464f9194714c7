import type * as core from "@anybroker/core/driver";

/** Capabilities of every namespace through this driver. Sizes are bytes, times milliseconds. */
export const capabilities = {
  "delay.send": "native",
  "delay.publish": "native",
  "delay.cancel": "none",
  retryDelay: "native",
  // The core discards expired messages. The service would dead-letter some of them.
  ttl: "emulated",
  priority: "none",
  filter: "native",
  "filter.stored": "native",
  from: "none",
  ephemeral: "maybe",
  "deadLetters.list": "native",
  "deadLetters.count": "native",
  // The service cannot receive a chosen dead letter: the driver receives them until it has the one.
  "deadLetters.select": "emulated",
  stats: "native",
  delete: "native",
  purge: "emulated",
  peek: "none",
  "publish.unrouted": "none",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    // A message of the standard tier has at most 256 KiB, of which 64 KiB are for properties.
    body: 196_608,
    // 8 KiB of the properties are left for our own headers and for the encoding.
    headers: 256,
    headerBytes: 57_344,
    headerValue: 30_720,
    delay: 9_007_199_254_740_991,
    publishDelay: 9_007_199_254_740_991,
    delayResolution: 1_000,
    nameMin: 1,
    nameMax: 100,
  },
} as const;

type Literal = typeof capabilities;

/** The capabilities of Azure Service Bus as a type: the types of a broker object's options follow from it. */
export interface ServicebusCapabilities extends Literal {}

/** The largest body of the premium tier, unless an entity takes larger ones: 1 MiB less what the properties may have. */
const PREMIUM_BODY = 983_040;

/** The differences from {@link capabilities} in a namespace of this tier. */
export function refinement(topology: core.TopologyMode, tier: string | undefined): core.Refinement {
  return {
    // The subscription has to be created.
    ephemeral: topology === "create" ? "native" : "none",
    ...(tier === "Premium" ? { limits: { body: PREMIUM_BODY } } : {}),
  };
}
