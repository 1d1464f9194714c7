import { BrokerError, type Classification, type ErrorCode, reasonOf } from "../base/errors.ts";

/** The meaning of an error whose text matches the pattern. */
export type ErrorRow = readonly [when: RegExp, code: ErrorCode, retryable: boolean];

/** Errors of Node itself, by code: aborts and timeouts, TLS, then all socket errors. */
const NODE_ROWS: readonly ErrorRow[] = [
  [/^(ABORT_ERR|AbortError)$/, "CANCELLED", false],
  [/^TimeoutError$/, "TIMEOUT", true],
  [/^[\w/]*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|ALERT_(BAD_)?CERTIFICATE|ALERT_UNKNOWN_CA)/, "UNAUTHORIZED", false],
  [/^(ERR_(SSL|TLS|OSSL)|\w*CERT|\w*SELF_SIGNED|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH)/, "INVALID_CONFIG", false],
  [/^E[A-Z_]+$/, "UNAVAILABLE", true],
];

/**
 * Creates a driver's `classify`. A `BrokerError` keeps its own code. Errors of Node are matched by their code. For any
 * other error the first of the driver's rows decides that matches the text from `describe`. Without a match the error
 * is `INTERNAL` and not retryable.
 *
 * @param describe Returns the text to match: by default the error's code, a space and its message.
 */
export function classifier(
  rows: readonly ErrorRow[],
  describe: (error: unknown) => string = codeAndReason,
): (error: unknown) => Classification {
  return (error) => {
    if (error instanceof BrokerError) return { code: error.code, retryable: error.retryable };
    // The code of a DOMException, such as the reason of an AbortSignal, is a number without meaning here.
    const code = error instanceof DOMException ? error.name : String(codeOf(error) ?? "");
    const row = NODE_ROWS.find(([when]) => when.test(code)) ?? firstMatch(rows, describe(error));
    if (row === undefined) return { code: "INTERNAL", retryable: false };
    return { code: row[1], retryable: row[2] };
  };
}

/** Returns the `code` property of an error if it is a string or a number. */
export function codeOf(error: unknown): string | number | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" || typeof code === "number" ? code : undefined;
}

/** Returns `<code> <message>`. Without a code it begins with the space. */
function codeAndReason(error: unknown): string {
  return `${codeOf(error) ?? ""} ${reasonOf(error)}`;
}

function firstMatch(rows: readonly ErrorRow[], text: string): ErrorRow | undefined {
  return rows.find(([when]) => when.test(text));
}
