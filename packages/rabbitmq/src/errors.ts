import { type Classification, classifier, codeOf, type ErrorRow, reasonOf } from "@anybroker/core/driver";

/** amqplib's error for the bytes of another protocol: a frame is too large. */
export const NOT_AMQP: RegExp = /Frame size \d+ exceeds/;

/**
 * The meaning of errors of amqplib and the server, by `<code> <text>`. The codes are the reply codes of AMQP 0-9-1 (three
 * digits); many errors of amqplib have none. The first row that matches decides.
 */
const ROWS: readonly ErrorRow[] = [
  [/Handshake terminated by server: 403/, "UNAUTHORIZED", false],
  [/SASL mechanism \S+ is not provided|exchange type/, "INVALID_CONFIG", false],
  [/message size \d+ is larger|exceeds the \d+ byte encoding buffer|\(up to 255 chars\)|^311 /, "TOO_LARGE", false],
  [NOT_AMQP, "INVALID_CONFIG", false],
  [/inequivalent arg/, "DRIFT", false],
  [/delivery acknowledgement on channel \d+ timed out/, "UNAVAILABLE", true],
  // A queue with a length limit refuses messages while it is full.
  [/message nacked|^506 /, "QUOTA", true],
  [/^(402|403|530) /, "FORBIDDEN", false],
  [/^404 /, "NOT_FOUND", false],
  [/^406 /, "REJECTED", false],
  [/^50[1-5] /, "INTERNAL", true],
  [/^540 /, "UNSUPPORTED", false],
  // 405 is the exclusive queue of another connection. It goes when that connection does.
  [/^(320|405|541) /, "UNAVAILABLE", true],
  // A server that was held up in the handshake may send a heartbeat in the middle of it, which amqplib does not expect.
  [/Expected \w+; got <Heartbeat>/, "UNAVAILABLE", true],
  [/ETIMEDOUT|Heartbeat timeout|[Cc]losed|closing|Channel ended|Unexpected close/, "UNAVAILABLE", true],
];

/** The driver's `classify`. */
export const classify: (error: unknown) => Classification = classifier(ROWS, codeAndText);

/** The reply code with which the server refused something; undefined for any other error. */
export function replyCodeOf(error: unknown): number | undefined {
  const code = codeOf(error);
  return typeof code === "number" ? code : undefined;
}

/** When the server ends a handshake, its reply code is in the text only. */
function codeAndText(error: unknown): string {
  const text = reasonOf(error);
  const code = codeOf(error) ?? /\b(\d{3}) \([A-Z_-]+\)/.exec(text)?.[1] ?? "";
  return `${code} ${text}`;
}
