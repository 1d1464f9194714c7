import type { Clock } from "../base/clock.ts";
import type { Logger } from "../base/log.ts";
import type { Declared } from "../contract/capabilities.ts";
import type { Adapter, Driver, TopologyMode } from "../contract/driver.ts";
import type { ConsumeOptions } from "./consuming.ts";
import type { DeliverEvent } from "./diagnostics.ts";

/**
 * Hooks that carry a trace context from the sender to the handler in message headers. Without them no context is
 * transferred.
 */
export interface Propagation {
  /**
   * Called for each send, inside the operation that the tracing channel `anybroker:send` shows, so that a span that begins
   * there is the ambient one. May add headers, such as `traceparent`. If it throws, or adds a header that is illegal or
   * exceeds a limit, the message is sent without the added headers, and the process emits one warning.
   */
  readonly inject?: ((headers: Record<string, string>) => void) | undefined;
  /**
   * Called for each run of a handler, with what it gets. Must call `run`, in the context that the headers describe, and
   * return its result.
   */
  readonly extract?: (<T>(delivery: DeliverEvent, run: () => T) => T) | undefined;
}

/** Returns an adapter. Bundled programs use it instead of importing packages by name. */
export type AdapterLoader = () => Adapter | Promise<Adapter>;

/** Options of `connect`. All numbers are integers. */
export interface ConnectOptions {
  /** Adapters by URL scheme. The core then does not import their packages by name. */
  readonly drivers?: Readonly<Record<string, AdapterLoader>> | undefined;
  /**
   * How to treat queues, topics and subscriptions: `create` creates missing ones, `verify` rejects if one is missing or
   * differs, and `none` neither creates nor compares any.
   * @default "create"
   */
  readonly topology?: TopologyMode | undefined;
  /**
   * How long the broker waits for a silent consumer before it delivers that consumer's messages to another one, in
   * milliseconds: from 10 000 to 300 000 (5 minutes). Tests may use as little as 100.
   * @default 30 000
   */
  readonly lease?: number | undefined;
  /** How long `connect` tries to connect, in milliseconds: from 1 to 86 400 000 (a day). @default 30 000 */
  readonly connectTimeout?: number | undefined;
  /**
   * The wait between two attempts to reconnect, in milliseconds: random, up to a limit that doubles from `initial` to
   * `max`. Each of them is from 1 to 3 600 000 (an hour). While a send or a consumer waits for the connection, the limit
   * is at most 2 000. After an error that is not retryable, such as a refused password, the wait is `max`.
   * @default 200 to 30 000
   */
  readonly reconnect?:
    | {
        /** The limit of the first wait, in milliseconds. */
        readonly initial?: number | undefined;
        /** The longest limit, in milliseconds. */
        readonly max?: number | undefined;
      }
    | undefined;
  /**
   * How many messages and bytes may be sent but not yet accepted. Beyond that, sends wait for room; beyond twice that,
   * they reject with `BACKPRESSURE`.
   * @default 10 000 messages, 64 MiB
   */
  readonly sendBuffer?:
    | {
        /** How many messages. */
        readonly messages?: number | undefined;
        /** How many bytes of bodies and headers. */
        readonly bytes?: number | undefined;
      }
    | undefined;
  /**
   * The clock for delays, retries, leases and timeouts. Tests can pass one that they advance by hand.
   * @default the system clock
   */
  readonly clock?: Clock | undefined;
  /**
   * Gets what happens: connections up and down, consumers that read, pause, are stuck or close, errors, retries, dead
   * letters, dropped messages, declarations and drift. `console` fits. A pino logger writes the texts, but without the fields,
   * because it takes them before the text. With the environment variable
   * `NODE_DEBUG=anybroker` the same goes to the standard error output.
   * @default none; what a person must know then becomes a process warning
   */
  readonly logger?: Logger | undefined;
  /** The name of this broker in log lines and events. @default the kind of broker, as its driver names it */
  readonly name?: string | undefined;
  /** Hooks that carry a trace context from senders to handlers. */
  readonly propagation?: Propagation | undefined;
  /**
   * Options for all consumers of the broker object. Those of `consume` come before them, and the parts of `retry` one by one.
   */
  readonly consume?: Omit<ConsumeOptions, "signal"> | undefined;
  /** Aborts connecting; `connect` then rejects with `CANCELLED`. It has no effect once connected. */
  readonly signal?: AbortSignal | undefined;
}

/** A URL and options of its adapter, for example from a config file. */
export interface ConnectConfig {
  /** The broker's URL. */
  readonly url: string;
  /** The names that queues have on the broker, by the names that the program uses. */
  readonly queues?: Readonly<Record<string, string>> | undefined;
  /** The names that topics have on the broker, by the names that the program uses. */
  readonly topics?: Readonly<Record<string, string>> | undefined;
  readonly [option: string]: unknown;
}

/** The broker to connect to: a URL, a config object, or a driver from an adapter's factory. */
export type Target<C extends Declared = Declared, N = unknown> = string | ConnectConfig | Driver<C, N>;
