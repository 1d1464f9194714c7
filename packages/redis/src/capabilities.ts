import type * as core from "@anybroker/core/driver";

/** Capabilities of every Redis from 7.0 on through this driver. Sizes are in bytes, times in ms. */
export const capabilities = {
  "delay.send": "native",
  "delay.publish": "native",
  "delay.cancel": "none",
  retryDelay: "native",
  // Redis can expire keys, but not entries of a stream.
  ttl: "emulated",
  // The place of an entry in a stream depends only on when it was added.
  priority: "none",
  filter: "emulated",
  "filter.stored": "emulated",
  from: "native",
  ephemeral: "maybe",
  "deadLetters.list": "native",
  "deadLetters.count": "native",
  "deadLetters.select": "native",
  stats: "native",
  delete: "native",
  purge: "emulated",
  peek: "none",
  "publish.unrouted": "native",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    // One argument of a command has at most 512 MiB (proto-max-bulk-len), and a batch of messages is one argument.
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

type Literal = typeof capabilities;

/** The capabilities of Redis as a type: the types of a broker object's options follow from it. */
export interface RedisCapabilities extends Literal {}

/** The capabilities that depend on whether the link may create entities. */
export function refinement(topology: core.TopologyMode): core.Refinement {
  // An ephemeral subscription needs a group of its own.
  return { ephemeral: topology === "create" ? "native" : "none" };
}
