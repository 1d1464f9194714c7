import { BrokerError } from "../base/errors.ts";
import type { SettleFailure } from "../contract/settlement.ts";

/** The server, the connection or a source is not available for now. Retrying can help. */
export function unavailable(message: string, cause?: unknown): BrokerError {
  return new BrokerError("UNAVAILABLE", message, { retryable: true, cause });
}

/** An entity does not exist on the broker. */
export function notFound(message: string, cause?: unknown): BrokerError {
  return new BrokerError("NOT_FOUND", message, { cause });
}

/** The account lacks a right. The message names the right, and what it is needed on. */
export function forbidden(message: string, cause: unknown): BrokerError {
  return new BrokerError("FORBIDDEN", message, { cause });
}

/** The backend does not support what was asked for. */
export function unsupported(message: string): BrokerError {
  return new BrokerError("UNSUPPORTED", message);
}

/** The server refuses the request in the state that it is in. The message says what to change. */
export function rejected(message: string, cause?: unknown): BrokerError {
  return new BrokerError("REJECTED", message, { cause });
}

/** A URL, an option or a setting is wrong, and a person has to correct it. */
export function invalidConfig(message: string, cause?: unknown): BrokerError {
  return new BrokerError("INVALID_CONFIG", message, { cause });
}

/** The server refused the credentials. */
export function unauthorized(message: string, cause?: unknown): BrokerError {
  return new BrokerError("UNAUTHORIZED", message, { cause });
}

/** This process has closed the connection or source. */
export function closed(message: string): BrokerError {
  return new BrokerError("CLOSED", message);
}

/** The result of settling a delivery that this consumer no longer holds. */
export const LEASE_LOST: SettleFailure = {
  error: new BrokerError("LEASE_LOST", "another consumer has the delivery, or it was settled before"),
  lost: true,
};

/** The result of a settlement that the broker refused. The consumer still holds the delivery. */
export function refused(error: unknown): SettleFailure {
  return { error, lost: false };
}
