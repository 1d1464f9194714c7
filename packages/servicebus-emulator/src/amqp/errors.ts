import { EntityError, type EntityErrorCode } from "../entities/errors.ts";
import type { AmqpError } from "./rhea.ts";
import { MalformedBytes } from "./wire/reader.ts";

/** How an error is said on a link, and in the answer to a request. */
interface Wording {
  readonly condition: string;
  readonly status: number;
}

// https://learn.microsoft.com/azure/service-bus-messaging/service-bus-amqp-troubleshoot
const WORDINGS: Readonly<Record<EntityErrorCode, Wording>> = {
  "already-exists": { condition: "com.microsoft:entity-already-exists", status: 409 },
  disabled: { condition: "com.microsoft:entity-disabled", status: 403 },
  invalid: { condition: "com.microsoft:argument-error", status: 400 },
  "message-lock-lost": { condition: "com.microsoft:message-lock-lost", status: 410 },
  "message-not-found": { condition: "com.microsoft:message-not-found", status: 404 },
  "message-too-large": { condition: "amqp:link:message-size-exceeded", status: 403 },
  "not-allowed": { condition: "amqp:not-allowed", status: 400 },
  "not-found": { condition: "amqp:not-found", status: 404 },
  "quota-exceeded": { condition: "amqp:resource-limit-exceeded", status: 403 },
  "session-cannot-be-locked": { condition: "com.microsoft:session-cannot-be-locked", status: 410 },
  "session-lock-lost": { condition: "com.microsoft:session-lock-lost", status: 410 },
};

/** An error that has no counterpart in the entities. */
export class LinkError extends Error {
  readonly condition: string;
  readonly status: number;

  constructor(condition: string, message: string, status = 500) {
    super(message);
    this.name = "LinkError";
    this.condition = condition;
    this.status = status;
  }
}

/** The client may not do that. */
export function unauthorized(message: string): LinkError {
  return new LinkError("amqp:unauthorized-access", message, 401);
}

/** The error as AMQP says it. */
export function amqpError(error: unknown): AmqpError {
  const { condition, description } = describe(error);
  return { condition, description, info: {} };
}

/** The error in words for the answer to a request. */
export function describe(error: unknown): Wording & { readonly description: string } {
  if (error instanceof EntityError) return { ...WORDINGS[error.code], description: error.message };
  if (error instanceof LinkError) {
    return { condition: error.condition, status: error.status, description: error.message };
  }
  if (error instanceof MalformedBytes) {
    return {
      condition: "amqp:decode-error",
      status: 400,
      description: `The bytes are not AMQP 1.0: ${error.message}.`,
    };
  }
  const description = error instanceof Error ? error.message : String(error);
  return { condition: "amqp:internal-error", status: 500, description };
}
