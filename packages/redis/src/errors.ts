import { BrokerError, type Classification, type ErrorCode, reasonOf } from "@anybroker/core/driver";

/**
 * What errors mean, by their code and text, as `<code> <text>`. Codes are those of Node; an answer of the server begins
 * with a word in capitals instead. The first row that fits decides.
 */
const TABLE: readonly (readonly [when: RegExp, code: ErrorCode, retryable: boolean])[] = [
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
  // A server that is starting, stuck, a replica, or part of a cluster that is not whole: the next one may do it.
  [
    /^ (LOADING|BUSY|READONLY|MASTERDOWN|NOREPLICAS|MISCONF|CLUSTERDOWN|TRYAGAIN|MOVED|ASK|UNKILLABLE)/,
    "UNAVAILABLE",
    true,
  ],
  [
    /[Cc]losed|isn't (writeable|ready)|Socket timeout|sentinels? (are|is) unreachable|Failed to refresh slots/,
    "UNAVAILABLE",
    true,
  ],
  [/Too many Cluster redirections|None of startup nodes|Command aborted/, "UNAVAILABLE", true],
  // What answers is no Redis.
  [/Unknown RESP type/, "INVALID_CONFIG", false],
  [/^ [A-Z]+ /, "REJECTED", false],
];

/** What an error of ioredis, Node or the server means. */
export function classify(error: unknown): Classification {
  if (error instanceof BrokerError) return { code: error.code, retryable: error.retryable };
  const said = `${codeOf(error)} ${reasonOf(error)}`;
  const [, code, retryable] = TABLE.find(([when]) => when.test(said)) ?? [said, "INTERNAL", false];
  return { code, retryable };
}

/** What is not on the server. */
export function notFound(what: string): BrokerError {
  return new BrokerError("NOT_FOUND", `there is no ${what}`);
}

/** Whether it is the server's answer: then it has done nothing of what was asked. */
export function isAnswer(error: unknown): boolean {
  return error instanceof Error && error.name === "ReplyError";
}

/** The error without the command that ioredis hangs onto it, in which there are passwords and bodies. */
export function scrubbed(error: unknown): unknown {
  if (typeof error === "object" && error !== null && "command" in error) delete error.command;
  return error;
}

function codeOf(error: unknown): string {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : "";
  return typeof code === "string" ? code : "";
}
