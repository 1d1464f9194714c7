import { BrokerError, type Classification, type ErrorCode, reasonOf } from "@anybroker/core/driver";

/**
 * What errors mean, by their code and text, as `<code> <text>`. Codes are those of Node (words) and the reply codes of
 * AMQP 0-9-1 (three digits); many errors of amqplib have none. The first row that fits decides.
 */
const TABLE: readonly (readonly [when: RegExp, code: ErrorCode, retryable: boolean])[] = [
  [/^ABORT_ERR /, "CANCELLED", false],
  [/^\w*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|ALERT_(BAD_)?CERTIFICATE|ALERT_UNKNOWN_CA)/, "UNAUTHORIZED", false],
  [/^(ERR_(SSL|TLS|OSSL)|\w*CERT|\w*SELF_SIGNED|UNABLE_TO_|EPROTO |HOSTNAME_MISMATCH)/, "INVALID_CONFIG", false],
  [/^E[A-Z_]+ /, "UNAVAILABLE", true],
  [/Handshake terminated by server: 403/, "UNAUTHORIZED", false],
  [/SASL mechanism \S+ is not provided|exchange type/, "INVALID_CONFIG", false],
  [/message size \d+ is larger|exceeds the \d+ byte encoding buffer|\(up to 255 chars\)|^311 /, "TOO_LARGE", false],
  [/inequivalent arg/, "DRIFT", false],
  [/delivery acknowledgement on channel \d+ timed out/, "UNAVAILABLE", true],
  // A queue with a length limit refuses what it has no room for.
  [/message nacked|^506 /, "QUOTA", true],
  [/^(402|403|530) /, "FORBIDDEN", false],
  [/^404 /, "NOT_FOUND", false],
  [/^406 /, "REJECTED", false],
  [/^50[1-5] /, "INTERNAL", true],
  [/^540 /, "UNSUPPORTED", false],
  // 405 is another connection's exclusive queue, which goes when that connection does.
  [/^(320|405|541) /, "UNAVAILABLE", true],
  [/ETIMEDOUT|Heartbeat timeout|[Cc]losed|closing|Channel ended|Unexpected close/, "UNAVAILABLE", true],
];

/** What an error of amqplib, Node or the server means. */
export function classify(error: unknown): Classification {
  if (error instanceof BrokerError) return { code: error.code, retryable: error.retryable };
  const text = reasonOf(error);
  // A handshake that the server has ended says its reply code in the text only.
  const said = `${codeOf(error) ?? /\b(\d{3}) \([A-Z_-]+\)/.exec(text)?.[1] ?? ""} ${text}`;
  const [, code, retryable] = TABLE.find(([when]) => when.test(said)) ?? [said, "INTERNAL", false];
  return { code, retryable };
}

/** The code of an error: a number is the reply code with which the server refused something. */
export function codeOf(error: unknown): number | string | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "number" || typeof code === "string" ? code : undefined;
}
