/**
 * Segments that names of queues, topics and subscriptions must not have. Drivers build the names of return queues,
 * delay steps, dead letters and partitions from them.
 */
export const RESERVED_SEGMENTS: readonly string[] = ["sub", "retry", "dlq", "delay", "part"];
