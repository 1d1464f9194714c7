/**
 * The capabilities of the embedded broker: all of them. Its limits are near the smallest of the brokers that anybroker supports,
 * so that what fits in a test also fits in production. Sizes are bytes, times milliseconds.
 */
export const capabilities = {
  "delay.send": "native",
  "delay.publish": "native",
  "delay.cancel": "none",
  retryDelay: "native",
  ttl: "emulated",
  priority: "native",
  filter: "native",
  "filter.stored": "native",
  from: "native",
  ephemeral: "native",
  "deadLetters.list": "native",
  "deadLetters.count": "native",
  "deadLetters.select": "native",
  stats: "native",
  delete: "native",
  purge: "native",
  peek: "none",
  "publish.unrouted": "native",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    body: 1_048_576,
    headers: 64,
    headerBytes: 32_768,
    headerValue: 8_192,
    // 30 days.
    delay: 2_592_000_000,
    publishDelay: 2_592_000_000,
    delayResolution: 10,
    nameMin: 1,
    nameMax: 100,
  },
} as const;

type Literal = typeof capabilities;

/** The capabilities of the embedded broker as a type: the types of its options follow from it. */
export interface MemoryCapabilities extends Literal {}
