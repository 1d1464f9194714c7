import { BrokerError, type Classification, type ErrorCode, reasonOf } from "@anybroker/core/driver";
import { codeOf } from "./protocol/error-codes.ts";

/** What Kafka's error codes mean. Those that are not here are faults that no retry mends. */
const CODES: readonly (readonly [codes: readonly number[], code: ErrorCode, retryable: boolean])[] = [
  // OFFSET_OUT_OF_RANGE, leaders and coordinators that move or start, network, replicas: the cluster is on its way.
  [[1, 5, 6, 8, 9, 11, 13, 14, 15, 16, 41, 56, 72, 74, 75, 76, 78, 100, 107], "UNAVAILABLE", true],
  // Too few replicas in sync, before or after it was written; a request that took too long.
  [[7, 19, 20], "UNAVAILABLE", true],
  // A member of a group that has changed.
  [[22, 25, 27, 82, 86, 110], "UNAVAILABLE", true],
  // A producer whose sequence the server does not know: the next try has another.
  [[45, 46, 47, 48, 49, 59, 90], "UNAVAILABLE", true],
  [[3, 69], "NOT_FOUND", false],
  [[10], "TOO_LARGE", false],
  [[29, 30, 31, 53, 65], "FORBIDDEN", false],
  [[33, 34, 58], "UNAUTHORIZED", false],
  [[17, 23, 26, 36, 37, 38, 39, 40, 42, 44], "INVALID_CONFIG", false],
  [[32, 35, 43], "UNSUPPORTED", false],
  [[2, 18, 21, 87], "REJECTED", false],
  [[89], "THROTTLED", true],
];

/** What other errors mean, by their name, code and text, as `<name> <code> <text>`. The first row that fits decides. */
const TABLE: readonly (readonly [when: RegExp, code: ErrorCode, retryable: boolean])[] = [
  [/^\w+ ABORT_ERR |^AbortError /, "CANCELLED", false],
  [/^KafkaJSSASLAuthenticationError |PLT_KFK_AUTHENTICATION/, "UNAUTHORIZED", false],
  [/certificate required|handshake failure|bad certificate|unknown ca/i, "UNAUTHORIZED", false],
  [
    /ERR_(SSL|TLS|OSSL)|CERT|SELF_SIGNED|UNABLE_TO_|EPROTO|certificate|wrong version number|requires TLS/,
    "INVALID_CONFIG",
    false,
  ],
  [/^KafkaJSServerDoesNotSupportApiKey |^KafkaJSNotImplemented |PLT_KFK_UNSUPPORTED/, "UNSUPPORTED", false],
  [/^KafkaJS(Connection|RequestTimeout|BrokerNotFound|LockTimeout)/, "UNAVAILABLE", true],
  [/PLT_KFK_(NETWORK|TIMEOUT)/, "UNAVAILABLE", true],
  [/ E[A-Z_]+ /, "UNAVAILABLE", true],
  [/[Cc]losed|[Tt]imeout|ETIMEDOUT/, "UNAVAILABLE", true],
];

/** What an error of the client, Node or the server means. */
export function classify(error: unknown): Classification {
  if (error instanceof BrokerError) return { code: error.code, retryable: error.retryable };
  const number = codeOf(error);
  if (number !== undefined) {
    const [, code, retryable] = CODES.find(([codes]) => codes.includes(number)) ?? [[], "INTERNAL", false];
    return { code, retryable };
  }
  const text = describe(error);
  const [, code, retryable] = TABLE.find(([when]) => when.test(text)) ?? [text, "INTERNAL", false];
  return { code, retryable };
}

/** What servers do with who does not speak as they expect. */
const HUNG_UP = /Closed connection|Connection closed|before secure TLS connection/;

/** The error of a failed start, with a hint where the server has only hung up. */
export function explained(error: unknown): unknown {
  const reason = reasonOf(error);
  if (!HUNG_UP.test(reason)) return error;
  const hint = "the server hung up; if it goes on to, look whether it expects TLS (kafka+ssl://), and a user";
  return new BrokerError("UNAVAILABLE", `${hint} (${reason})`, { retryable: true, cause: error });
}

function describe(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  const code = typeof error === "object" && error !== null && "code" in error ? String(error.code) : "";
  return `${name} ${code} ${reasonOf(error)}`;
}
