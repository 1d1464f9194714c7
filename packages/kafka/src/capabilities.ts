/** Capabilities of Kafka 3.9 and later through this driver. Sizes are in bytes, times in milliseconds. */
export const capabilities = {
  "delay.send": "emulated",
  "delay.publish": "emulated",
  "delay.cancel": "none",
  retryDelay: "emulated",
  ttl: "emulated",
  priority: "none",
  filter: "emulated",
  "filter.stored": "none",
  from: "native",
  ephemeral: "native",
  "deadLetters.list": "native",
  "deadLetters.count": "emulated",
  "deadLetters.select": "native",
  stats: "native",
  delete: "native",
  purge: "emulated",
  peek: "none",
  // The server does not know which groups will read a topic.
  "publish.unrouted": "none",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    // Together with the headers, the key and our own headers it fits the server's default of max.message.bytes.
    body: 1_000_000,
    headers: 256,
    headerBytes: 32_768,
    headerValue: 32_768,
    delay: 9_007_199_254_740_991,
    publishDelay: 9_007_199_254_740_991,
    delayResolution: 250,
    nameMin: 1,
    nameMax: 100,
  },
} as const;

type Literal = typeof capabilities;

/** The capabilities of Kafka as a type: the types of a broker object's options follow from it. */
export interface KafkaCapabilities extends Literal {}
