import { BrokerError, type Classification, type ErrorCode, reasonOf } from "../base/errors.ts";

/** What an error means when the pattern matches its text. */
export type ErrorRow = readonly [when: RegExp, code: ErrorCode, retryable: boolean];

/** Errors of Node itself, by their code: aborts, TLS, then everything of the socket. */
const NODE_ROWS: readonly ErrorRow[] = [
  [/^(ABORT_ERR|AbortError)$/, "CANCELLED", false],
  [/^TimeoutError$/, "TIMEOUT", true],
  [/^\w*(CERTIFICATE_REQUIRED|HANDSHAKE_FAILURE|ALERT_(BAD_)?CERTIFICATE|ALERT_UNKNOWN_CA)/, "UNAUTHORIZED", false],
  [/^(ERR_(SSL|TLS|OSSL)|\w*CERT|\w*SELF_SIGNED|UNABLE_TO_|EPROTO$|HOSTNAME_MISMATCH)/, "INVALID_CONFIG", false],
  [/^E[A-Z_]+$/, "UNAVAILABLE", true],
];

/**
 * Makes a driver's `classify`. A `BrokerError` means what it says. Then the errors of Node decide, by their code, and
 * then the driver's own rows, in their order, on the text that `describe` gives. What no row matches is `INTERNAL`.
 */
export function classifier(
  rows: readonly ErrorRow[],
  describe: (error: unknown) => string = codeAndReason,
): (error: unknown) => Classification {
  return (error) => {
    if (error instanceof BrokerError) return { code: error.code, retryable: error.retryable };
    // The reason of an `AbortSignal` has a number for a code, which says nothing; its name does.
    const code = error instanceof DOMException ? error.name : String(codeOf(error) ?? "");
    const row = NODE_ROWS.find(([when]) => when.test(code)) ?? firstMatch(rows, describe(error));
    if (row === undefined) return { code: "INTERNAL", retryable: false };
    return { code: row[1], retryable: row[2] };
  };
}

/** The `code` property of an error, where it is a word or a number. */
export function codeOf(error: unknown): string | number | undefined {
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
  return typeof code === "string" || typeof code === "number" ? code : undefined;
}

/** `<code> <message>`; without a code it begins with the space. */
function codeAndReason(error: unknown): string {
  return `${codeOf(error) ?? ""} ${reasonOf(error)}`;
}

function firstMatch(rows: readonly ErrorRow[], text: string): ErrorRow | undefined {
  return rows.find(([when]) => when.test(text));
}
