import { type Classification, classifier, type ErrorRow, refused, type SettleFailure } from "@anybroker/core/driver";
import { ReplyError } from "ioredis";

/** ioredis's error for the bytes of another protocol. */
export const NOT_REDIS: RegExp = /Unknown RESP type/;

/**
 * The meaning of errors, matched against `<code> <message>`. A server error has no code, and its message begins with a
 * word in capitals. The first row that matches decides, after the rows of the driver kit for Node's own errors.
 */
const ROWS: readonly ErrorRow[] = [
  [/^ (WRONGPASS|NOAUTH|DENIED)|called without any password configured/, "UNAUTHORIZED", false],
  [/^ NOPERM|user executing the script can.t/, "FORBIDDEN", false],
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
  [NOT_REDIS, "INVALID_CONFIG", false],
  // Any other server error.
  [/^ [A-Z]+ /, "REJECTED", false],
];

/** Says what an error of ioredis, Node or the server means. */
export const classify: (error: unknown) => Classification = classifier(ROWS);

/** Whether the server refused the command or script. Then it has changed nothing. */
export function isServerError(error: unknown): boolean {
  // Its name is that of its class, which a minifier changes.
  return error instanceof ReplyError;
}

/**
 * Why a settlement failed. If the server refused it, the delivery is still ours. Without the group, or when the outcome
 * is unknown, it is lost.
 */
export function settleFailureOf(error: unknown): SettleFailure {
  const stillHeld = isServerError(error) && classify(error).code !== "NOT_FOUND";
  return stillHeld ? refused(error) : { error, lost: true };
}

/**
 * The error without the command that ioredis attaches to it, which holds passwords and bodies. A Cluster's error
 * contains the error of a node.
 */
export function withoutCommand(error: unknown): unknown {
  if (typeof error !== "object" || error === null) return error;
  if ("command" in error) delete error.command;
  if ("lastNodeError" in error) withoutCommand(error.lastNodeError);
  return error;
}
