/** Why an entity refuses a request. */
export type EntityErrorCode =
  | "already-exists"
  | "disabled"
  | "invalid"
  | "message-lock-lost"
  | "message-not-found"
  | "message-too-large"
  | "not-allowed"
  | "not-found"
  | "quota-exceeded"
  | "session-cannot-be-locked"
  | "session-lock-lost";

/** An entity refused a request. */
export class EntityError extends Error {
  readonly code: EntityErrorCode;

  constructor(code: EntityErrorCode, message: string) {
    super(message);
    this.name = "EntityError";
    this.code = code;
  }
}

/** The error of a name that has no entity. Clients recognize it by its text. */
export function entityNotFound(path: string): EntityError {
  return new EntityError("not-found", `The messaging entity '${path}' could not be found.`);
}

/** The error of a settlement without a valid lock. */
export function messageLockLost(): EntityError {
  return new EntityError(
    "message-lock-lost",
    "The lock supplied is invalid. Either the lock expired, or the message has already been removed from the queue.",
  );
}

/** The error of an operation on a session whose lock is over. */
export function sessionLockLost(sessionId: string): EntityError {
  return new EntityError(
    "session-lock-lost",
    `The session lock has expired on the session '${sessionId}'. Accept the session again.`,
  );
}

/** The error of a sequence number that no message has, or one that is in another state. */
export function messageNotFound(sequenceNumber: number): EntityError {
  return new EntityError("message-not-found", `There is no such message with the sequence number ${sequenceNumber}.`);
}
