/** The code of a `BrokerError`, or of whatever was thrown instead. */
export function codeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "code" in error ? error.code : undefined;
}
