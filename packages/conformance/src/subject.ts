import type { Broker, MessageSource } from "@anybroker/core";
import type { Driver } from "@anybroker/core/driver";

/** The value of a header of a foreign message. Clients return a list for a repeated header. */
export type ForeignValue = string | number | Uint8Array | readonly string[];

/** A message as a foreign client writes or reads it. */
export interface ForeignMessage {
  readonly body: Uint8Array;
  readonly headers: Readonly<Record<string, ForeignValue>>;
  /** When the message says that it was sent, in milliseconds since 1970. Never given by `receive`. */
  readonly sentAt?: number | undefined;
}

/** A plain client of the broker, as programs without anybroker use it. */
export interface ForeignClient {
  /** The kinds of header values that the broker carries besides text. */
  readonly values: readonly ("integer" | "binary" | "list")[];
  /**
   * The prefix of the names of anybroker's headers on the broker, where a header of another program has no such prefix.
   */
  readonly headerPrefix?: string | undefined;
  /** Sends a message to an existing queue, with no properties besides the given ones. */
  send(queue: string, message: ForeignMessage): Promise<void>;
  /** Takes the next message from a queue. */
  receive(queue: string, signal: AbortSignal): Promise<ForeignMessage>;
  /** The headers of the `native` object of a message or dead letter. */
  headersOf(native: unknown): Readonly<Record<string, ForeignValue>>;
  readonly close?: (() => Promise<void>) | undefined;
}

/** A queue, a topic, or one subscription of a topic, with all that belongs to it. */
export type Removable = MessageSource | { readonly topic: string };

/** The driver under test, and hooks into its broker. Cases whose hook is missing are reported as not applicable. */
export interface Subject {
  readonly name: string;
  /** Creates a driver, for one broker object. All drivers must reach the same broker. */
  driver(): Driver;
  /**
   * How long a case waits for what should happen at once, in milliseconds: several times what it usually takes.
   * @default 10 000
   */
  readonly patience?: number | undefined;
  /** The shortest lease that cases may ask for, in milliseconds, where each message has its own lease. */
  readonly lease?: number | undefined;
  /** The shortest lease that cases may ask for, in milliseconds, where one lease covers all that a consumer holds. */
  readonly session?: number | undefined;
  /** The largest body that the broker accepts from a foreign client, in bytes, if tests can afford to send one. */
  readonly largest?: number | undefined;
  /** Cases that are known to fail, by id, with the reason. One that passes fails the run. */
  readonly deviations?: Readonly<Record<string, string>> | undefined;
  /** Connects a foreign client. */
  readonly foreign?: (() => ForeignClient | Promise<ForeignClient>) | undefined;
  /**
   * Cuts the connections of this broker object, and of no other, as a fault of the network does. Without this hook the
   * suite closes the driver's link below the core.
   */
  readonly cut?: ((broker: Broker) => void | Promise<void>) | undefined;
  /**
   * Deletes an entity on the broker, with its dead letters and everything else of it. A missing entity is not an error. For a
   * driver without the capability `delete`: with it, the suite uses the driver's own method.
   */
  readonly remove?: ((entity: Removable) => Promise<void>) | undefined;
  /** Creates a driver with an account that may use existing entities, and create and delete none. */
  readonly restricted?: (() => Driver) | undefined;
  /** Wraps each driver that the suite connects. For tests of the suite itself. */
  readonly around?: ((driver: Driver) => Driver) | undefined;
}
