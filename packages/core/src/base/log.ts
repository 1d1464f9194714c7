import { debuglog, inspect } from "node:util";
import type { BrokerIdentity } from "./broker-identity.ts";
import { textOf } from "./errors.ts";
import { redact, withoutSecrets } from "./redact.ts";

/**
 * Facts of a log line besides its text: `broker` (a {@link BrokerIdentity}) always, and `source`, `id`, `attempt` and
 * `error` where they apply. A message that no subscription got has `topic` and `id`.
 */
export type LogFields = Readonly<Record<string, unknown>>;

/**
 * The methods that `console`, pino and winston share. The text says everything that a person needs; the fields are for programs. What a
 * method throws is ignored.
 */
export interface Logger {
  debug(text: string, fields: LogFields): void;
  info(text: string, fields: LogFields): void;
  warn(text: string, fields: LogFields): void;
  error(text: string, fields: LogFields): void;
}

/** The levels of a {@link Logger}. */
export const LOG_LEVELS = ["debug", "info", "warn", "error"] as const;

type Level = (typeof LOG_LEVELS)[number];

const debugLog = debuglog("anybroker");

/** Tells what happens in a broker object: to its logger, and with `NODE_DEBUG=anybroker` to the standard error output. */
export class Log implements Logger {
  readonly #logger: Logger | undefined;
  readonly broker: BrokerIdentity;

  constructor(logger: Logger | undefined, broker: BrokerIdentity) {
    this.#logger = logger;
    this.broker = broker;
  }

  debug(text: string, fields: LogFields = {}): void {
    this.#write("debug", text, fields);
  }

  info(text: string, fields: LogFields = {}): void {
    this.#write("info", text, fields);
  }

  warn(text: string, fields: LogFields = {}): void {
    this.#write("warn", text, fields);
  }

  error(text: string, fields: LogFields = {}): void {
    this.#write("error", text, fields);
  }

  /** Tells what a person must know, without a logger by a process warning. */
  alarm(text: string, error?: unknown): void {
    this.warn(text, { error });
    this.alarmWithoutLogger(text, error);
  }

  /** The same, where a logger has been told already. */
  alarmWithoutLogger(text: string, error?: unknown): void {
    if (this.#logger === undefined) emitWarning(text, error);
  }

  #write(level: Level, text: string, fields: LogFields): void {
    const logger = this.#logger;
    if (logger === undefined && !debugLog.enabled) return;
    const shown = redact(text);
    debugLog("%s %s (%s)", level, shown, this.broker.name);
    try {
      const error = "error" in fields && { error: withoutSecrets(fields.error) };
      logger?.[level](shown, shortInConsole({ broker: this.broker, ...fields, ...error }));
    } catch {
      // A logger that fails must not stop the broker object.
    }
  }
}

/** `console` prints the fields behind the text. They show there only what the text does not say. */
function shortInConsole(fields: LogFields & { readonly broker: BrokerIdentity }): LogFields {
  const { broker, id, error } = fields;
  const print = (): string => {
    // The stack and the cause of an error of a handler. The stack of any other error is ours.
    const [more = ""] = id === undefined ? [] : (/\n {4}at [\s\S]*/.exec(inspect(error)) ?? []);
    return `(${broker.name})${more}`;
  };
  return Object.defineProperty(fields, inspect.custom, { value: print });
}

/** Emits a process warning of the type `AnybrokerWarning`, with the error's stack as its detail. */
export function emitWarning(text: string, error?: unknown): void {
  const detail = error instanceof Error ? redact(error.stack ?? textOf(error)) : undefined;
  process.emitWarning(redact(text), { type: "AnybrokerWarning", detail });
}
