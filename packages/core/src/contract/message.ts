/** A message to send. The driver maps each field to the broker's native property, or to a header if there is none. */
export interface OutgoingMessage {
  readonly id: string;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** The user's headers and those of the core, which begin with `anybroker-`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** The time of the send, in milliseconds since 1970. */
  readonly sentAt: number;
  /**
   * The earliest delivery, in milliseconds since 1970. Set only if the driver declares the delay. If it declares it as
   * `emulated`, the headers contain `anybroker-not-before` too.
   */
  readonly deliverAt: number | undefined;
  /** From 0 (lowest) to 9. */
  readonly priority: number | undefined;
  /**
   * To call, at most once, if no subscription of the topic gets the accepted message and the driver is certain of it. The
   * core sets it at most once a second for each topic, and never on a delayed message. Ignored without the capability
   * `publish.unrouted`.
   */
  readonly onUnrouted?: (() => void) | undefined;
}

/** Why the broker did not accept a message. */
export interface SendFailure {
  /** The client's error. */
  readonly error: unknown;
  /** Whether the broker may have accepted the message despite the error. */
  readonly outcomeUnknown: boolean;
}

/**
 * Reports that the broker has accepted the message at `index`, or with `failure` that it has not. Called once for each
 * message, possibly before `send` returns.
 */
export type ReportOutcome = (index: number, failure?: SendFailure) => void;

/** How far a message has come that is retried in place. */
export interface RetryProgress {
  /** Failures so far. */
  readonly failures: number;
  /** Its handler must not run again before this time (milliseconds since 1970). */
  readonly notBefore: number;
}

/** A message that the broker delivered. Its fields may be getters that read `native` on demand. */
export interface Delivery {
  /** The body. The driver and the client do not write to this memory any more. */
  readonly body: Uint8Array;
  readonly id: string | undefined;
  readonly contentType: string | undefined;
  /**
   * All headers as strings, under the names that they came with, in an object without a prototype. A value that is not
   * UTF-8 is `base64:…`. Every read returns the same object. A header with the name of one of ours is left out if we cannot
   * have written it: it is repeated, of another type, or without the prefix that ours have on this broker.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** The time of the send, in milliseconds since 1970. */
  readonly sentAt: number | undefined;
  /** The message's position on the broker, as people look it up: an id, an offset, a delivery tag. */
  readonly position: string;
  /**
   * How many earlier deliveries of this message ended without an outcome, as far as the broker knows: 0 at first, undefined
   * where the broker does not count. What was released does not count where the driver can tell. The core takes this for
   * evidence of a crash, after it has subtracted the deliveries that its own process survived.
   */
  readonly deliveries: number | undefined;
  /** The note of `Source.keepProgress` for this message; undefined when there is none. */
  readonly progress?: RetryProgress | undefined;
  /**
   * When the lease ends unless it is extended, in milliseconds since 1970 by the link's clock. In doubt this is too
   * early rather than too late. Undefined if the delivery has no lease as long as the link is open.
   */
  readonly leaseUntil: number | undefined;
  /** The client's own message object. */
  readonly native: unknown;
}

/** Headers of anybroker to set on a copy of a message, or to remove if the value is undefined. */
export type HeaderChanges = Readonly<Record<string, string | undefined>>;
