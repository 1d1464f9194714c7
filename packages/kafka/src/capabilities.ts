/** What every Kafka from 3.0 on can do through this driver. Sizes are bytes, times milliseconds. */
export const capabilities = {
  "delay.send": "emulated",
  "delay.publish": "emulated",
  retryDelay: "emulated",
  ttl: "emulated",
  priority: "none",
  filter: "emulated",
  from: "native",
  ephemeral: "native",
  "deadLetters.list": "native",
  "deadLetters.count": "emulated",
  "deadLetters.select": "native",
  stats: "native",
  ordering: "strict",
  sendOrder: "strict",
  limits: {
    // Body, headers, key and our own headers are together less than the server's default of max.message.bytes.
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

/** FetchPosition which the types of a Kafka broker's options follow. */
export type KafkaCapabilities = typeof capabilities;
