/**
 * Segments that the names of queues, topics and subscriptions must not contain. Drivers use them in the names of return
 * queues, delay steps, dead letters and partitions.
 */
export const RESERVED_SEGMENTS: readonly string[] = ["sub", "retry", "dlq", "delay", "part"];
