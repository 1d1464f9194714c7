/** Every code a {@link BrokerError} can carry. `docs/errors.md` says for each what it means and what to do. */
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

/** What a {@link BrokerError} is made from besides its code and message. */
export interface BrokerErrorOptions {
  /** Whether the same call may succeed later. @default false */
  readonly retryable?: boolean;
  /** Whether the broker may have accepted the message all the same. @default false */
  readonly outcomeUnknown?: boolean;
  /** What the client library threw. */
  readonly cause?: unknown;
}

const BRAND = Symbol.for("anybroker.BrokerError");

/**
 * The one error that brokers, connections and drivers report. A mistake in the calling code (an unknown option, an
 * illegal name, a handler that is not a function) is a `TypeError` instead.
 *
 * `instanceof BrokerError` also recognises errors made by another copy of the core in the same program.
 */
export class BrokerError extends Error {
  override readonly name = "BrokerError";
  /** What kind of failure this is. */
  readonly code: ErrorCode;
  /** Whether the same call may succeed later. */
  readonly retryable: boolean;
  /** Whether the broker may have accepted the message: to be sure, send it again with the same id. */
  readonly outcomeUnknown: boolean;

  constructor(code: ErrorCode, message: string, options: BrokerErrorOptions = {}) {
    super(redact(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.retryable = options.retryable ?? false;
    this.outcomeUnknown = options.outcomeUnknown ?? false;
    Object.defineProperty(this, BRAND, { value: true });
  }

  static override [Symbol.hasInstance](value: unknown): boolean {
    return typeof value === "object" && value !== null && BRAND in value;
  }
}

/** What a driver says of an error of its client: which code it is, and whether trying again can help. */
export interface Classification {
  readonly code: ErrorCode;
  readonly retryable: boolean;
}

/** The text with the user and password of every URL, and the keys of connection strings, blotted out. */
export function redact(text: string): string {
  return text
    .replace(/(\/\/)[^\s/@]*:[^\s/]*@/g, "$1***@")
    .replace(/((?:SharedAccessKey|password|secret)=)[^;&\s]+/gi, "$1***");
}

/** The message of anything that was thrown; never throws. */
export function reasonOf(error: unknown): string {
  return readable(() => {
    if (error instanceof Error) return String(error.message || ("code" in error ? error.code : error.name));
    // The cast is true enough: what is left are primitives and functions, which all have a text.
    return typeof error === "object" ? "an object that is no Error" : String(error as symbol);
  });
}

/** The same with the error's name before it. */
export function textOf(error: unknown): string {
  return readable(() => (error instanceof Error ? `${error.name}: ${error.message}` : reasonOf(error)));
}

function readable(read: () => string): string {
  try {
    return read();
  } catch {
    return "an error that cannot be read";
  }
}
