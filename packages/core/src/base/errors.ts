import { type InspectOptions, inspect } from "node:util";
import { redact, withoutSecrets } from "./redact.ts";

/** Every code that a {@link BrokerError} can have. `docs/errors.md` explains each one and says what to do about it. */
export const ERROR_CODES = [
  "UNAVAILABLE",
  "TIMEOUT",
  "CANCELLED",
  "CLOSED",
  "UNAUTHORIZED",
  "FORBIDDEN",
  "NOT_FOUND",
  "DRIFT",
  "TOO_LARGE",
  "INVALID_BODY",
  "INVALID_CONFIG",
  "UNDECODABLE",
  "BACKPRESSURE",
  "QUOTA",
  "THROTTLED",
  "REJECTED",
  "UNSUPPORTED",
  "LEASE_LOST",
  "ADAPTER_MISSING",
  "INTERNAL",
] as const;

/** One of {@link ERROR_CODES}. */
export type ErrorCode = (typeof ERROR_CODES)[number];

/** Optional properties of a new {@link BrokerError}. */
export interface BrokerErrorOptions {
  /** Whether the same call may succeed later. @default false */
  readonly retryable?: boolean | undefined;
  /** Whether the broker may have accepted the message despite the error. @default false */
  readonly outcomeUnknown?: boolean | undefined;
  /**
   * The underlying error, usually from the client library. If there is a password in its text, the new error gets a
   * copy without it.
   */
  readonly cause?: unknown;
}

const BRAND = Symbol.for("anybroker.BrokerError");

/**
 * The only error class for failures of brokers, connections and drivers. A mistake in the calling code, such as an
 * unknown option, an illegal name or a handler that is not a function, is a `TypeError` instead.
 *
 * `instanceof BrokerError` also recognises errors from another copy of the core in the same program. User names,
 * passwords and keys that appear in the message or in the cause are replaced with `***`.
 */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  /** The kind of failure. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /**
   * Whether the broker may have accepted the message despite the error. To make sure, send it again with the same id.
   */
  readonly outcomeUnknown: boolean;

  constructor(code: ErrorCode, message: string, options: BrokerErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: withoutSecrets(options.cause) });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.outcomeUnknown = options.outcomeUnknown ?? false;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

// For console.error: without a cause whose text the message has already.
Object.defineProperty(BrokerError.prototype, inspect.custom, {
  value(this: BrokerError, _depth: number, options: InspectOptions): string {
    const { message, name, code, retryable, outcomeUnknown, cause, stack } = this;
    const shown = new Error(message, message.includes(reasonOf(cause)) ? undefined : { cause });
    Object.defineProperty(shown, "name", { value: name });
    Object.defineProperty(shown, "stack", { value: stack });
    return inspect(Object.assign(shown, { code, retryable, outcomeUnknown }), options);
  },
});

/** The meaning of a client's error: its code, and whether trying again can help. */
export interface Classification {
  readonly code: ErrorCode;
  readonly retryable: boolean;
}

/** Returns the message of any thrown value. Never throws. */
export function reasonOf(error: unknown): string {
  return readable(() => {
    if (error instanceof Error) return String(error.message || ("code" in error ? error.code : error.name));
    // The cast is true enough: only primitives and functions remain, and each converts to a string.
    return typeof error === "object" ? "an object that is not an Error" : String(error as symbol);
  });
}

/** Returns the name and message of any thrown value, without secrets. Never throws. */
export function textOf(error: unknown): string {
  return redact(readable(() => (error instanceof Error ? `${error.name}: ${error.message}` : reasonOf(error))));
}

function readable(read: () => string): string {
  try {
    return read();
  } catch {
    return "an error that cannot be read";
  }
}
