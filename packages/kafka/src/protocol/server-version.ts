// Kafka does not tell its version, only which requests it knows, in which versions of their own.

/** Kafka's number of a request, to the newest version of the request that the server knows. */
export type KnownRequests = ReadonlyMap<number, number>;

const PRODUCE = 0;
const FETCH = 1;
const OFFSET_COMMIT = 8;
const DESCRIBE_LOG_DIRS = 35;

/**
 * The request that each version was the first to know, newest first. Source: the definitions of the requests in kafka-clients 3.9.1,
 * 4.0.0, 4.1.0, 4.2.0 and 4.3.1.
 */
const FIRST_WITH: readonly (readonly [request: number, version: number, kafka: string])[] = [
  [DESCRIBE_LOG_DIRS, 5, "4.3 or later"],
  [OFFSET_COMMIT, 10, "4.2"],
  [PRODUCE, 13, "4.1"],
  [PRODUCE, 12, "4.0"],
  [FETCH, 17, "3.9"],
];

/** The version of Kafka that knows these requests. */
export function serverVersion(known: KnownRequests): string {
  const found = FIRST_WITH.find(([request, version]) => (known.get(request) ?? -1) >= version);
  return found?.[2] ?? "older than 3.9";
}
