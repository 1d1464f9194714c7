import type { Broker, MessageSource } from "@anybroker/core";
import type { Driver } from "@anybroker/core/driver";

/** A value of a foreign message's header. Lists are what clients make of a repeated header. */
export type ForeignValue = string | number | Uint8Array | readonly string[];

/** A message as a plain client of the broker writes or reads it. */
export interface ForeignMessage {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, ForeignValue>>;
}

/** A plain client of the broker, without anybroker. */
export interface Foreign {
  /** Kinds of header values besides text that the broker carries. */
  readonly values: readonly ("integer" | "binary" | "list")[];
  /** Puts a message, with no property besides what is given, into an existing queue. */
  send(queue: string, message: ForeignMessage): Promise<void>;
  /** Takes the next message out of a queue. */
  receive(queue: string, signal: AbortSignal): Promise<ForeignMessage>;
  /** The headers of a message or dead letter as the client's own object has them: of its `native`. */
  headersOf(native: unknown): Readonly<Record<string, ForeignValue>>;
  close?(): Promise<void>;
}

/** What a backend removes: a queue, a topic, or one subscription of it, with all that belongs to it. */
export type Removable = MessageSource | { readonly topic: string };

/** What the suite is to be run against. Cases whose hook is missing are reported as not applicable. */
export interface Backend {
  readonly name: string;
  /** A fresh driver object, for one broker object. All of them reach the same broker. */
  driver(): Driver;
  /** How long a case waits for what should happen at once, in milliseconds: some times the usual. @default 10 000 */
  readonly patience?: number;
  /** The shortest lease that cases may ask for, in milliseconds; where each message has a lease of its own. */
  readonly lease?: number;
  /** The same where the lease is the consumer's: where it keeps all that it holds for as long as it is heard of. */
  readonly session?: number;
  /** The largest body that the broker takes from a plain client, where tests may well send one. */
  readonly largest?: number;
  /** Cases that fail on this backend, by id, with the reason. A case that passes all the same fails the run. */
  readonly deviations?: Readonly<Record<string, string>>;
  /** Where a plain client of this broker is at hand. */
  foreign?(): Foreign | Promise<Foreign>;
  /**
   * Cuts the connections of this broker object, and of no other, as a fault of the network does. Without it the suite
   * closes the driver's link under the core.
   */
  cut?(broker: Broker): void | Promise<void>;
  /** Deletes an entity on the broker, with its dead letters and all that serves it. What is missing is no error. */
  remove?(what: Removable): Promise<void>;
  /** A driver whose account may use what exists, and create nothing. */
  restricted?(): Driver;
  /** Wraps every driver the suite connects with: for tests of the suite itself. */
  around?(driver: Driver): Driver;
}
