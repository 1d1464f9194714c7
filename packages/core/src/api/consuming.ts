import type { BrokerError } from "../base/errors.ts";
import type { Message, MessageSource } from "./message.ts";

/** The waits between the attempts of a message. */
export interface Backoff {
  /** The first wait, in milliseconds: an integer from 0 to 31 536 000 000 (a year). @default 1 000 */
  readonly initial?: number | undefined;
  /** The longest wait before jitter, in milliseconds: an integer from `initial` to a year. @default 600 000 */
  readonly max?: number | undefined;
  /** The factor from each wait to the next, from 1 to 1 000. @default 5 */
  readonly factor?: number | undefined;
  /** The largest share of a wait that is added to it at random, from 0 to 1. A wait is never shortened. @default 0.2 */
  readonly jitter?: number | undefined;
}

/** The rules for a message whose handler throws, times out or asks for a retry. */
export interface RetryPolicy {
  /** The number of attempts, the first one included. After the last one the message is dead-lettered. @default 5 */
  readonly attempts?: number | undefined;
  /** The waits between attempts. */
  readonly backoff?: Backoff | undefined;
  /**
   * Chooses by the error. `retry` retries while attempts are left, `dead-letter` gives the message up at once, and
   * `discard` drops it and publishes an event. If the function throws, the message is retried.
   * @default always `retry`
   */
  readonly classify?: ((error: unknown, message: Message) => "retry" | "dead-letter" | "discard") | undefined;
}

/** Options of `consume`. All numbers are integers. */
export interface ConsumeOptions {
  /** How many handlers may run at once, from 1 to 10 000. @default 1 */
  readonly concurrency?: number | undefined;
  /**
   * How many unsettled messages the consumer may hold, those in handlers included: from `concurrency` (for batches
   * times `max`) to 1 000 000.
   * @default 2 × concurrency (for batches × max)
   */
  readonly prefetch?: number | undefined;
  /** When and how often a failed message is retried. */
  readonly retry?: RetryPolicy | undefined;
  /**
   * How long a handler may run, in milliseconds: from 1 to 86 400 000 (a day). After that the message fails and its
   * `signal` aborts. Its key stays taken until the handler returns. When as many handlers are overdue as `concurrency`
   * allows, the consumer takes no message until one of them returns, and `health` is `degraded`. Unless the source is
   * ordered, messages that no handler has begun go back meanwhile, so that other consumers get them.
   * @default 900 000 (15 minutes)
   */
  readonly timeout?: number | undefined;
  /** Closes the consumer when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** How long `close` waits for running handlers, in milliseconds: from 0 to 86 400 000 (a day). @default 20 000 */
  readonly drainTimeout?: number | undefined;
  /**
   * Called with errors that no promise reports: errors of handlers, lost leases, failed settlements, interruptions. It
   * must not throw. Without it and without a `logger`, the first error of each kind, the first dead letter and the first
   * sign of being stuck become process warnings, and further ones a count at most once a minute.
   */
  readonly onError?: ((error: unknown, message: Message | undefined) => void) | undefined;
}

/** Options of `consumeBatch`. All numbers are integers. */
export interface ConsumeBatchOptions extends ConsumeOptions {
  /** The largest number of messages in a batch, from 1 to 10 000. @default 100 */
  readonly max?: number | undefined;
  /**
   * How long a batch that is not full waits for more messages, in milliseconds: from 0 to 86 400 000 (a day).
   * @default 100
   */
  readonly wait?: number | undefined;
}

/** The state of a consumer, and counts since it began. */
export interface ConsumerStats {
  /** Running handlers. */
  readonly running: number;
  /** Messages that wait for a handler, those included that wait for a retry in this consumer. */
  readonly waiting: number;
  /** Messages that were handled successfully. */
  readonly acked: number;
  /** Failures that led to a retry. */
  readonly retried: number;
  /** Messages that were given up. */
  readonly deadLettered: number;
  /** Messages that the retry policy dropped, and those that an ephemeral subscription gave up. */
  readonly discarded: number;
  /** Messages that were dropped because their `ttl` was over. */
  readonly expired: number;
  /** Messages that the subscription's filter did not let through. */
  readonly filtered: number;
  /** Messages that were given back, or lost before they were settled. */
  readonly returned: number;
}

/** The present state of a consumer. */
export interface ConsumerHealth {
  /** The queue or subscription that it reads. */
  readonly source: MessageSource;
  /**
   * - `opening`: it waits for the connection, or for its source.
   * - `reading`: it takes messages.
   * - `paused`: by `pause`.
   * - `stuck`: as many handlers have run for longer than their `timeout` as may run at once.
   * - `closed`: it is closing.
   */
  readonly state: "opening" | "reading" | "paused" | "stuck" | "closed";
  /** When this state began. */
  readonly since: Date;
  /** Running handlers. */
  readonly running: number;
  /** Messages that wait for a handler. */
  readonly waiting: number;
  /** Why it is `opening` or `stuck`, where that is known. */
  readonly reason: string | undefined;
}

/** A running consumer. It survives outages of the broker: it continues as soon as the broker is back. */
export interface Consumer extends AsyncDisposable {
  /**
   * Stops starting handlers, and gives back the messages that no handler has begun. Running handlers finish. The
   * consumer stays a member of its group. Resolves when the messages are back.
   */
  pause(): Promise<void>;
  /** Continues after `pause`. */
  resume(): Promise<void>;
  /**
   * Stops reading, waits up to `drainTimeout` milliseconds for running handlers, settles their messages, and gives back all
   * others. The signals of handlers that still run then abort. Idempotent.
   */
  close(options?: { readonly drainTimeout?: number | undefined }): Promise<void>;
  /** Resolves when the consumer has closed: with undefined if it was asked to, else with the reason. Never rejects. */
  readonly closed: Promise<BrokerError | undefined>;
  /** Returns the current state and counts. */
  stats(): ConsumerStats;
}
