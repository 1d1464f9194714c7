import type { Capabilities } from "@anybroker/core/driver";

const MIB = 1_048_576;
const DAY = 86_400_000;

/**
 * What the embedded broker can do: everything. Its limits are near the smallest of the brokers that anybroker speaks to,
 * so that what fits in a test also fits in production.
 */
export const CAPABILITIES: Capabilities & {
  readonly "delay.send": "native";
  readonly "delay.publish": "native";
  readonly retryDelay: "native";
  readonly ttl: "emulated";
  readonly priority: "native";
  readonly filter: "native";
  readonly from: "native";
  readonly ephemeral: "native";
  readonly "deadLetters.list": "native";
  readonly "deadLetters.count": "native";
  readonly "deadLetters.select": "native";
  readonly stats: "native";
  readonly ordering: "strict";
  readonly sendOrder: "strict";
} = {
  "delay.send": "native",
  "delay.publish": "native",
  retryDelay: "native",
  ttl: "emulated",
  priority: "native",
  filter: "native",
  from: "native",
  ephemeral: "native",
  "deadLetters.list": "native",
  "deadLetters.count": "native",
  "deadLetters.select": "native",
  stats: "native",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    body: MIB,
    headers: 64,
    headerBytes: 32_768,
    headerValue: 8_192,
    delay: 30 * DAY,
    publishDelay: 30 * DAY,
    delayResolution: 10,
    nameMin: 1,
    nameMax: 100,
  },
};

/** What the embedded broker can do, as a type. */
export type MemoryCapabilities = typeof CAPABILITIES;
