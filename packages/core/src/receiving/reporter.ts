import type { Message } from "../api/message.ts";
import type { Clock } from "../base/clock.ts";
import { BrokerError, textOf } from "../base/errors.ts";
import { emitWarning, type Log } from "../base/log.ts";

/** Reports an error that no promise reports. */
export type ReportError = (error: unknown, message?: Message) => void;

/** The shortest time between two warnings of one kind, in ms. */
const WARNING_INTERVAL = 60_000;

/** The kind of a dead letter's warning. */
const DEAD_LETTER = "dead letter";

/** The warnings of one kind. */
interface Kind {
  warnedAt: number;
  /** How many have come since then without a warning. */
  more: number;
}

/** Settings of a reporter. */
export interface ReporterOptions {
  /** The consumer, such as `consumer of queue orders`. */
  readonly consumer: string;
  readonly onError: ((error: unknown, message: Message | undefined) => void) | undefined;
  readonly log: Log;
  readonly clock: Clock;
}

/**
 * Reports errors of a consumer to the log and to `onError`. If there is neither an `onError` nor a logger, the first error of
 * each kind becomes a process warning. Later ones become a count, at most once a minute.
 */
export class Reporter {
  readonly #options: ReporterOptions;
  readonly #kinds = new Map<string, Kind>();
  #onErrorFailed = false;
  /** Whether a warning has said that reading was interrupted. */
  #saidInterrupted = false;

  constructor(options: ReporterOptions) {
    this.#options = options;
  }

  readonly report: ReportError = (error, message) => {
    const { onError, log, consumer } = this.#options;
    const which = message === undefined ? "" : ` (message ${message.id}, attempt ${message.attempt})`;
    log.warn(`${consumer}: ${textOf(error)}${which}`, {
      error,
      ...(message !== undefined && { source: message.source, id: message.id, attempt: message.attempt }),
    });
    if (onError === undefined) return this.#warn(kindOf(error, message), `${textOf(error)}${which}`, error);
    try {
      onError(error, message);
    } catch (thrown) {
      if (this.#onErrorFailed) return;
      this.#onErrorFailed = true;
      emitWarning(`${consumer}: ${textOf(thrown)} (thrown by onError itself)`, thrown);
    }
  };

  /** A message was dead-lettered. */
  deadLettered(message: Message, reason: string): void {
    const { onError, log, consumer } = this.#options;
    const { id, attempt, source } = message;
    const text = `message ${id} was dead-lettered at attempt ${attempt}: ${reason}`;
    log.error(`${consumer}: ${text}`, { source, id, attempt, reason });
    if (onError === undefined) this.#warn(DEAD_LETTER, text, undefined);
  }

  /** Reading goes on after an interruption. */
  readsAgain(): void {
    const { log, consumer } = this.#options;
    const text = `the ${consumer} reads again`;
    log.info(text);
    if (this.#saidInterrupted) log.alarmWithoutLogger(text);
    this.#saidInterrupted = false;
  }

  #warn(kind: string, text: string, error: unknown): void {
    const { log, clock, consumer } = this.#options;
    const now = clock.now();
    const before = this.#kinds.get(kind);
    if (before !== undefined && now - before.warnedAt < WARNING_INTERVAL) {
      before.more += 1;
      return;
    }
    this.#kinds.set(kind, { warnedAt: now, more: 0 });
    this.#saidInterrupted ||= kind === "UNAVAILABLE";
    const more = before === undefined || before.more === 0 ? "" : `, and ${before.more} more of this kind before it`;
    // Dead letters do not go to `onError`.
    const means = kind === DEAD_LETTER ? "a logger to connect" : "onError to consume, or a logger to connect,";
    const hint = `pass ${means} to get each of these`;
    log.alarmWithoutLogger(`${consumer}: ${text}${more} (${hint})`, error);
  }
}

/**
 * Errors of one kind are counted together: errors of handlers, and others by their code. Errors of a single message are
 * counted apart from errors of the whole consumer. So the warning that a consumer is stuck comes even after the warning that
 * a handler was too slow.
 */
function kindOf(error: unknown, message: Message | undefined): string {
  if (!(error instanceof BrokerError)) return "handler";
  return message === undefined ? error.code : `${error.code} of a message`;
}
