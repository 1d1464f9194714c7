import { type Classification, classifier } from "@anybroker/core/driver";
import { MemoryError, type MemoryErrorReason } from "./broker/memory-error.ts";

const CLASSIFICATIONS: Readonly<Record<MemoryErrorReason, Classification>> = {
  closed: { code: "UNAVAILABLE", retryable: true },
  disconnected: { code: "UNAVAILABLE", retryable: true },
  refused: { code: "UNAVAILABLE", retryable: true },
  unconfirmed: { code: "UNAVAILABLE", retryable: true },
  full: { code: "BACKPRESSURE", retryable: true },
  "too-large": { code: "TOO_LARGE", retryable: false },
  missing: { code: "NOT_FOUND", retryable: false },
  "lease-lost": { code: "LEASE_LOST", retryable: false },
  config: { code: "INVALID_CONFIG", retryable: false },
};

const classifyOther = classifier([]);

/** The driver's `classify`. */
export function classify(error: unknown): Classification {
  return error instanceof MemoryError ? CLASSIFICATIONS[error.reason] : classifyOther(error);
}
