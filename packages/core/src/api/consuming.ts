import type { BrokerError } from "../base/errors.ts";
import type { Message } from "./message.ts";

/** The waits between attempts. */
export interface Backoff {
  /** The first wait. @default 1 000 */
  readonly initial?: number;
  /** The longest wait. @default 600 000 */
  readonly max?: number;
  /** What each wait is multiplied with. @default 5 */
  readonly factor?: number;
  /** By which share a wait may be lengthened at random: 0 to 1. It is never shortened. @default 0.2 */
  readonly jitter?: number;
}

/** What to do when a handler fails. */
export interface RetryPolicy {
  /** How often a message is tried in all. @default 5 */
  readonly attempts?: number;
  /** How long to wait between attempts. */
  readonly backoff?: Backoff;
  /** Decides by the error. `retry` goes on until the attempts are used up; `discard` drops the message, with an event. */
  readonly classify?: (error: unknown, message: Message) => "retry" | "dead-letter" | "discard";
}

/** How a consumer reads. */
export interface ConsumeOptions {
  /** How many handlers run at once. @default 1 */
  readonly concurrency?: number;
  /** The most unsettled deliveries it holds, running ones included. @default 2 × concurrency (for batches × max) */
  readonly prefetch?: number;
  /** When and how often a failed message is tried again. */
  readonly retry?: RetryPolicy;
  /** How long a handler may take. @default 900 000 (15 minutes) */
  readonly timeout?: number;
  /** Closes the consumer, as `close` does. */
  readonly signal?: AbortSignal;
  /** How long `close` lets running handlers go on. @default 20 000 */
  readonly drainTimeout?: number;
  /** Gets what no promise reports: handler errors, lost leases, settlements that failed. Must not throw. */
  readonly onError?: (error: unknown, message: Message | undefined) => void;
}

/** How a batch consumer reads. */
export interface ConsumeBatchOptions extends ConsumeOptions {
  /** Most messages of a batch. @default 100 */
  readonly max?: number;
  /** How long a batch waits to fill up. @default 100 */
  readonly wait?: number;
}

/** What a consumer has done since it began. */
export interface ConsumerStats {
  /** Handlers running. */
  readonly running: number;
  /** Deliveries that wait for a handler. */
  readonly waiting: number;
  readonly acked: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly discarded: number;
  readonly expired: number;
  readonly filtered: number;
  /** Deliveries given back, or lost before they were settled. */
  readonly returned: number;
}

/** A running reader. It outlives outages of the broker. */
export interface Consumer extends AsyncDisposable {
  /** No handler starts, running ones finish, unstarted deliveries go back; the membership stays. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Stops intake, lets running handlers finish for `drainTimeout` ms, settles, gives back the rest. Idempotent. */
  close(options?: { readonly drainTimeout?: number }): Promise<void>;
  /** Resolves when it has closed: undefined when asked to, else why. Never rejects. */
  readonly closed: Promise<BrokerError | undefined>;
  stats(): ConsumerStats;
}
