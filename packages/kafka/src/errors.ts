import {
  type BrokerError,
  type Classification,
  classifier,
  codeOf,
  type ErrorCode,
  type ErrorRow,
  explainConnectFailure,
  type Host,
  notFound,
  reasonOf,
} from "@anybroker/core/driver";
import { SCHEMES, type Settings } from "./options.ts";
import { CODES, kafkaCodeOf } from "./protocol/error-codes.ts";
import { NOT_A_RESPONSE } from "./protocol/first-bytes.ts";

/** The meaning of Kafka's error codes. A code that is missing here means a fault that no retry can repair. */
const BY_CODE: readonly (readonly [codes: readonly number[], code: ErrorCode, retryable: boolean])[] = [
  // The offset is out of range, or the cluster is recovering: leaders or coordinators start or move, the network,
  // replicas.
  [[1, 5, 6, 8, 9, 11, 13, 14, 15, 16, 41, 56, 72, 74, 75, 76, 78, 100, 107], "UNAVAILABLE", true],
  // The request took too long, or there were too few replicas in sync before or after the write.
  [[7, 19, 20], "UNAVAILABLE", true],
  // The group has changed since the member joined.
  [[22, 25, 27, 82, 86, 110], "UNAVAILABLE", true],
  // The server does not know the producer's sequence. The next attempt has a new one.
  [[45, 46, 47, 48, 49, 59, 90], "UNAVAILABLE", true],
  [[3, 69], "NOT_FOUND", false],
  [[10], "TOO_LARGE", false],
  [[29, 30, 31, 53, 65, 73], "FORBIDDEN", false],
  [[33, 34, 58], "UNAUTHORIZED", false],
  [[17, 23, 26, 36, 37, 38, 39, 40, 42, 44], "INVALID_CONFIG", false],
  [[32, 35, 43], "UNSUPPORTED", false],
  [[2, 18, 21, 87], "REJECTED", false],
  [[89], "THROTTLED", true],
];

const UNKNOWN_CODE: Classification = { code: "INTERNAL", retryable: false };

/** The clients' errors for the bytes of another protocol. */
const NOT_KAFKA = new RegExp(`${NOT_A_RESPONSE}|requires TLS`);

/** The meaning of errors that are neither Kafka's nor Node's, by `<name> <code> <text>`. The first row that matches decides. */
const BY_TEXT: readonly ErrorRow[] = [
  [/^AbortError /, "CANCELLED", false],
  [/^KafkaJSSASLAuthenticationError |PLT_KFK_AUTHENTICATION/, "UNAUTHORIZED", false],
  [/certificate required|handshake failure|bad certificate|unknown ca/i, "UNAUTHORIZED", false],
  [/certificate|wrong version number/, "INVALID_CONFIG", false],
  [NOT_KAFKA, "INVALID_CONFIG", false],
  [/^KafkaJSServerDoesNotSupportApiKey |^KafkaJSNotImplemented |PLT_KFK_UNSUPPORTED/, "UNSUPPORTED", false],
  [/^KafkaJS(Connection|RequestTimeout|BrokerNotFound|LockTimeout)/, "UNAVAILABLE", true],
  [/PLT_KFK_(NETWORK|TIMEOUT)/, "UNAVAILABLE", true],
  [/[Cc]losed|[Tt]imeout/, "UNAVAILABLE", true],
];

const classifyOther = classifier(BY_TEXT, describe);

/** Classifies an error of the client, of Node or of the server. */
export function classify(error: unknown): Classification {
  const kafkaCode = kafkaCodeOf(error);
  if (kafkaCode === undefined) return classifyOther(error);
  const row = BY_CODE.find(([codes]) => codes.includes(kafkaCode));
  return row === undefined ? UNKNOWN_CODE : { code: row[1], retryable: row[2] };
}

/** Says what happened where the client only says that the connection closed, or waits for the rest of odd bytes. */
export function explained(error: unknown, { tls, sasl }: Settings, { host, port }: Host): unknown {
  return explainConnectFailure(error, {
    product: "Kafka",
    address: `${host}:${port}`,
    tls: tls !== undefined,
    schemes: SCHEMES,
    classify,
    foreign: NOT_KAFKA,
    closed: /Closed connection|Connection closed/,
    check: sasl === undefined ? "whether it expects a user" : undefined,
  });
}

/** The error for a topic that does not exist. */
export function noTopic(topic: string, cause?: unknown): BrokerError {
  return notFound(`there is no topic ${topic}`, cause);
}

/**
 * The server's report on a topic that cannot be used, as an error. It names the topic if that is missing. Kafka's
 * own text does not.
 */
export function ofTopic(topic: string, error: unknown): unknown {
  const isMissing = error === undefined || kafkaCodeOf(error) === CODES.unknownTopic;
  return isMissing ? noTopic(topic, error) : error;
}

function describe(error: unknown): string {
  const name = error instanceof Error ? error.name : typeof error;
  return `${name} ${codeOf(error) ?? ""} ${reasonOf(error)}`;
}
