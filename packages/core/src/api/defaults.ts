/** The defaults of all options. Durations are in milliseconds and sizes in bytes. */
export const DEFAULTS = {
  concurrency: 1,
  /** `prefetch` is this times `concurrency`, and for batches times `max`. */
  prefetchFactor: 2,
  retry: { attempts: 5, backoff: { initial: 1_000, max: 600_000, factor: 5, jitter: 0.2 } },
  handlerTimeout: 900_000,
  lease: 30_000,
  drainTimeout: 20_000,
  sendTimeout: 30_000,
  connectTimeout: 30_000,
  sendBuffer: { messages: 10_000, bytes: 67_108_864 },
  batch: { max: 100, wait: 100 },
  reconnect: { initial: 200, max: 30_000 },
  priority: 4,
  deadLetterPage: 100,
} as const;
