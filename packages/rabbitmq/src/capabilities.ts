import type * as core from "@anybroker/core/driver";

/** Capabilities of every RabbitMQ from 3.10 on through this driver. Sizes are bytes, times milliseconds. */
export const capabilities = {
  "delay.send": "emulated",
  "delay.publish": "emulated",
  "delay.cancel": "none",
  retryDelay: "emulated",
  // The core discards expired messages. The server would dead-letter them.
  ttl: "emulated",
  priority: "maybe",
  filter: "native",
  "filter.stored": "emulated",
  // A queue keeps nothing that was handled. A stream does, but is another kind of entity.
  from: "none",
  ephemeral: "native",
  "deadLetters.list": "native",
  "deadLetters.count": "native",
  "deadLetters.select": "emulated",
  stats: "native",
  delete: "native",
  purge: "native",
  peek: "none",
  "publish.unrouted": "native",
  ordering: "strict",
  sendOrder: "firstTry",
  limits: {
    body: 16_777_216,
    // amqplib encodes a header table into 64 KiB. 6 KiB of it are left for our own headers.
    headers: 256,
    headerBytes: 57_344,
    headerValue: 32_768,
    delay: 9_007_199_254_740_991,
    publishDelay: 3_600_000,
    delayResolution: 250,
    nameMin: 1,
    nameMax: 100,
  },
} as const;

type Literal = typeof capabilities;

/** The capabilities of RabbitMQ as a type: the types of a broker object's options follow from it. */
export interface RabbitmqCapabilities extends Literal {}

/** The differences from {@link capabilities} on a server of this version. */
export function refinement(version: string, topology: core.TopologyMode): core.Refinement {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return {
    // Quorum queues have strict priorities from 4.3 on.
    priority: major > 4 || (major === 4 && minor >= 3) ? "native" : "none",
    // The queue of an ephemeral subscription has to be created.
    ephemeral: topology === "create" ? "native" : "none",
    // The server's own default of max_message_size: 128 MiB on 3.x, 16 MiB from 4.0 on.
    limits: { body: major < 4 ? 134_217_728 : 16_777_216 },
  };
}
