import { BrokerError } from "../base/errors.ts";
import type { SettleFailure } from "../contract/settlement.ts";

/** The connection, source or server is gone for now; trying again can help. */
export function unavailable(message: string, cause?: unknown): BrokerError {
  return new BrokerError("UNAVAILABLE", message, { retryable: true, cause });
}

/** An entity does not exist on the broker. */
export function notFound(message: string, cause?: unknown): BrokerError {
  return new BrokerError("NOT_FOUND", message, { cause });
}

/** This backend cannot do what was asked. */
export function unsupported(message: string): BrokerError {
  return new BrokerError("UNSUPPORTED", message);
}

/** A URL, an option or a setting is wrong; only a person can mend it. */
export function invalidConfig(message: string, cause?: unknown): BrokerError {
  return new BrokerError("INVALID_CONFIG", message, { cause });
}

/** The credentials were refused. */
export function unauthorized(message: string, cause?: unknown): BrokerError {
  return new BrokerError("UNAUTHORIZED", message, { cause });
}

/** This process closed the connection or source. */
export function closed(message: string): BrokerError {
  return new BrokerError("CLOSED", message);
}

/** A settlement of a delivery that this consumer no longer holds. */
export const LEASE_LOST: SettleFailure = {
  error: new BrokerError("LEASE_LOST", "another consumer has the delivery, or it was settled before"),
  lost: true,
};

/** A settlement that the broker refused; the delivery is still held. */
export function refused(error: unknown): SettleFailure {
  return { error, lost: false };
}
