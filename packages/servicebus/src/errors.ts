import { type Classification, classifier, codeOf, type ErrorRow, reasonOf } from "@anybroker/core/driver";

/** The SDK's error for the bytes of another protocol. */
export const NOT_AMQP: RegExp = /[Ii]nvalid protocol header|ProtocolError/;

/** A batch with several sessions went to a partitioned entity. */
const PARTITION_MISMATCH = /\b(partition ?keys?|session ?ids?)\b.*\bsame\b|\bsame (partition ?key|session ?id)\b/i;

/**
 * The meaning of errors, matched against `<code> <message>`. The codes are those of `ServiceBusError`, and those of the
 * SDK's `RestError` for the administration, with the status of HTTP behind them: `ServiceError:400`. The first row that matches decides, after the kit's rows for Node's errors.
 */
const ROWS: readonly ErrorRow[] = [
  // A token that lacks a claim. Any other refusal is about the token itself.
  [/^Unauthorized\w* .*\b[Cc]laim/, "FORBIDDEN", false],
  // The SDK renews tokens, but gives up after one failure. The next connection has a new one.
  [/^Unauthorized.*ExpiredToken/, "UNAVAILABLE", true],
  [/^Unauthorized/, "UNAUTHORIZED", false],
  [/^(MessagingEntityNotFound|MessageEntityNotFoundError:\d+) /, "NOT_FOUND", false],
  // An administrator has disabled the entity, or not enabled it yet.
  [/^(MessagingEntityDisabled|MessageEntityDisabledError:\d+) /, "UNAVAILABLE", true],
  [/^MessageSizeExceeded /, "TOO_LARGE", false],
  [/^QuotaExceeded/, "QUOTA", true],
  [/^(ServiceBusy|ServerBusyError:503|\w+:429) /, "THROTTLED", true],
  [/^(MessageLockLost|MessageNotFound) /, "LEASE_LOST", false],
  // The session is given to another consumer, or it is gone with the connection.
  [/^(SessionLockLost|SessionCannotBeLocked) /, "UNAVAILABLE", true],
  [/^ServiceTimeout /, "TIMEOUT", true],
  [NOT_AMQP, "INVALID_CONFIG", false],
  [/^(ServiceCommunicationProblem|REQUEST_SEND_ERROR|\w+:50[0-4]) /, "UNAVAILABLE", true],
  // The connection was lost while the answer to an administration request came in.
  [/^PARSE_ERROR Error reading response/, "UNAVAILABLE", true],
  // Another request about the same entity is being carried out (409).
  [/^ServiceError:409 |[Aa]nother conflicting operation/, "UNAVAILABLE", true],
  [
    /^GeneralError (DetachForced|ConnectionForced|Internal|LinkRedirect|SenderBusy|SenderNotReady|Receiver)/,
    "UNAVAILABLE",
    true,
  ],
  // An error of the socket, which the SDK has made one of its own.
  [/^GeneralError E[A-Z]+: /, "UNAVAILABLE", true],
  // A batch for a partitioned entity: its messages are sent again, one session at a time.
  [PARTITION_MISMATCH, "UNAVAILABLE", true],
  [
    /[Ff]ailed to (initialize|connect)|Unable to (open|create|close)|operation timeout|sender_error|session_error/,
    "UNAVAILABLE",
    true,
  ],
  [/clos(ed|ing)|[Dd]isconnected|is reopening|not open/, "UNAVAILABLE", true],
  [/aborted/, "CANCELLED", false],
  [/^(GeneralError|MessagingEntityAlreadyExists|\w+:4\d\d) /, "REJECTED", false],
];

/** Says what an error of the SDK, of Node or of the service means. */
export const classify: (error: unknown) => Classification = classifier(ROWS, describe);

function describe(error: unknown): string {
  const status = typeof error === "object" && error !== null && "statusCode" in error ? error.statusCode : undefined;
  return `${codeOf(error) ?? ""}${typeof status === "number" ? `:${status}` : ""} ${reasonOf(error)}`;
}

/** Whether the service knows no such entity. */
export function isMissing(error: unknown): boolean {
  return classify(error).code === "NOT_FOUND";
}

/** Whether the account may not do this, although its key is right. */
export function isForbidden(error: unknown): boolean {
  const { code } = classify(error);
  return code === "FORBIDDEN" || code === "UNAUTHORIZED";
}

/** Whether this consumer no longer has the message. */
export function isLockLost(error: unknown): boolean {
  return /LockLost$|^MessageNotFound$/.test(String(codeOf(error))) || /already (been )?settled/.test(reasonOf(error));
}

/** Whether a receiver without a session was opened on an entity with sessions, or the reverse. */
export function isSessionMismatch(error: unknown): boolean {
  return /session/i.test(reasonOf(error)) && /^(GeneralError|InvalidOperation)/.test(String(codeOf(error)));
}

/** Whether the service has certainly not stored what was sent. */
export function isRefusal(error: unknown): boolean {
  if (isPartitionMismatch(error)) return true;
  return !["TIMEOUT", "UNAVAILABLE", "CANCELLED", "INTERNAL"].includes(classify(error).code);
}

/** Whether the service has refused a batch because its messages go to several partitions. */
export function isPartitionMismatch(error: unknown): boolean {
  return PARTITION_MISMATCH.test(reasonOf(error));
}
