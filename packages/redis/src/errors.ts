import { BrokerError, type Classification, type ErrorCode, reasonOf, type SettleFailure } from "@anybroker/core/driver";

/**
 * The meaning of errors, matched against `<code> <message>`. Only Node's errors have a code; a server error has none,
 * and its message begins with a word in capitals. The first row that matches decides.
 */
const TABLE: readonly (readonly [pattern: RegExp, code: ErrorCode, retryable: boolean])[] = [
  [/^ABORT_ERR /, "CANCELLED", false],
  [/^\w*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|ALERT_(BAD_)?CERTIFICATE|ALERT_UNKNOWN_CA)/, "UNAUTHORIZED", false],
  [/^(ERR_(SSL|TLS|OSSL)|\w*CERT|\w*SELF_SIGNED|UNABLE_TO_|EPROTO |HOSTNAME_MISMATCH)/, "INVALID_CONFIG", false],
  [/^E[A-Z_]+ /, "UNAVAILABLE", true],
  [/^ (WRONGPASS|NOAUTH|DENIED)|called without any password configured/, "UNAUTHORIZED", false],
  [/^ NOPERM/, "FORBIDDEN", false],
  [/^ (NOGROUP|UNBLOCKED)|no such key/, "NOT_FOUND", false],
  [/^ WRONGTYPE/, "DRIFT", false],
  [/^ OOM/, "QUOTA", true],
  [/max number of clients/, "QUOTA", true],
  [/invalid bulk length|string exceeds maximum|too many re(sults to unpack|turn values)/i, "TOO_LARGE", false],
  [/DB index is out of range|SELECT is not allowed|cluster support disabled/, "INVALID_CONFIG", false],
  [/unknown command/i, "UNSUPPORTED", false],
  // A server that is starting, stuck, a replica, or in a Cluster that is not whole. Another server may work.
  [
    /^ (LOADING|BUSY|READONLY|MASTERDOWN|NOREPLICAS|MISCONF|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|UNKILLABLE)/,
    "UNAVAILABLE",
    true,
  ],
  // Errors of ioredis itself.
  [
    /[Cc]losed|isn't (writeable|ready)|Socket timeout|sentinels? (are|is) unreachable|Failed to refresh slots/,
    "UNAVAILABLE",
    true,
  ],
  [/Too many Cluster redirections|None of startup nodes|Command aborted/, "UNAVAILABLE", true],
  // The other end is not Redis.
  [/Unknown RESP type/, "INVALID_CONFIG", false],
  // Any other server error.
  [/^ [A-Z]+ /, "REJECTED", false],
];

/** Says what an error of ioredis, Node or the server means. */
export function classify(error: unknown): Classification {
  if (error instanceof BrokerError) return { code: error.code, retryable: error.retryable };
  const text = `${codeOf(error)} ${reasonOf(error)}`;
  const row = TABLE.find(([pattern]) => pattern.test(text));
  if (row === undefined) return { code: "INTERNAL", retryable: false };
  const [, code, retryable] = row;
  return { code, retryable };
}

/** The server does not have it. */
export function notFound(thing: string): BrokerError {
  return new BrokerError("NOT_FOUND", `there is no ${thing}`);
}

/** A connection or source is gone, and may come back. */
export function unavailable(message: string): BrokerError {
  return new BrokerError("UNAVAILABLE", message, { retryable: true });
}

/** Whether the server refused the command or script. Then it has changed nothing. */
export function isServerError(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

/**
 * Why a settlement failed. If the server refused it, the delivery is still ours. Without the group, or when the outcome
 * is unknown, it is lost.
 */
export function settleFailureOf(error: unknown): SettleFailure {
  return { error, lost: !isServerError(error) || classify(error).code === "NOT_FOUND" };
}

/** The error without the command that ioredis attaches to it, which holds passwords and bodies. */
export function withoutCommand(error: unknown): unknown {
  if (typeof error === "object" && error !== null && "command" in error) delete error.command;
  return error;
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  return typeof code === "string" ? code : "";
}
