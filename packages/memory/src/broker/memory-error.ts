/** Why the embedded broker refused something. */
export type MemoryErrorReason =
  | "closed"
  | "disconnected"
  | "refused"
  | "unconfirmed"
  | "full"
  | "too-large"
  | "missing"
  | "lease-lost"
  | "config";

/** The error of the embedded broker, like that of a client library: the `cause` of a `BrokerError`. */
export class MemoryError extends Error {
  override readonly name = "MemoryError";
  readonly reason: MemoryErrorReason;

  constructor(reason: MemoryErrorReason, message: string) {
    super(message);
    this.reason = reason;
  }
}
