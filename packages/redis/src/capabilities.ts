import type * as core from "@anybroker/core/driver";

/** What every Redis from 7.0 on can do through this driver. Sizes are bytes, times milliseconds. */
export const capabilities = {
  "delay.send": "native",
  "delay.publish": "native",
  retryDelay: "native",
  // Redis expires keys, not entries of a stream.
  ttl: "emulated",
  // An entry of a stream has its place by the time it came.
  priority: "none",
  filter: "emulated",
  from: "native",
  ephemeral: "maybe",
  "deadLetters.list": "native",
  "deadLetters.count": "native",
  "deadLetters.select": "native",
  stats: "native",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    // A client may send at most 512 MiB at once (proto-max-bulk-len); a batch of messages goes in one piece.
    body: 134_217_728,
    headers: 256,
    headerBytes: 65_536,
    headerValue: 32_768,
    delay: 9_007_199_254_740_991,
    publishDelay: 9_007_199_254_740_991,
    delayResolution: 500,
    nameMin: 1,
    nameMax: 100,
  },
} as const;

/** From which the types of a Redis broker's options follow. */
export type RedisCapabilities = typeof capabilities;

/** What differs from {@link capabilities} on a link that may create, or may not. */
export function refinement(topology: core.TopologyMode): core.Refinement {
  // The group of an ephemeral subscription has to be created.
  return { ephemeral: topology === "create" ? "native" : "none" };
}
