/** A message on its way to the broker. The driver maps each field to the broker's native property, else to a header. */
export interface OutgoingMessage {
  readonly id: string;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** The user's headers, and the core's own, which begin with `anybroker-`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /**
   * Not to be handed out before this time (milliseconds since 1970). Set only where the driver declares the delay; where
   * that is `emulated`, the headers have `anybroker-not-before` too.
   */
  readonly deliverAt: number | undefined;
  /** 0 (lowest) to 9. */
  readonly priority: number | undefined;
}

/** Why a message was not accepted. */
export interface SendFailure {
  /** The client's error. */
  readonly error: unknown;
  /** Whether the broker may have the message all the same. */
  readonly outcomeUnknown: boolean;
}

/** Reports the fate of the message at `index`, once; accepted without a `failure`. May be called before `send` returns. */
export type Report = (index: number, failure?: SendFailure) => void;

/** How far a message has come that is retried in place. */
export interface RetryProgress {
  /** Failures so far. */
  readonly failures: number;
  /** Its handler must not run again before this time (milliseconds since 1970). */
  readonly notBefore: number;
}

/** A message handed over by the broker. Its fields may be getters that read `native` when asked. */
export interface Delivery {
  /** Memory that nobody else writes to. */
  readonly body: Uint8Array;
  readonly id: string | undefined;
  readonly contentType: string | undefined;
  /**
   * All headers as text, in an object without prototype, names as they came; what is not UTF-8 is `base64:…`. The same
   * object each time it is asked for.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number | undefined;
  /** The broker's name for the place of this message, for people. */
  readonly position: string;
  /**
   * How many earlier deliveries of this message ended without an outcome, as far as the broker knows: 0 at first, undefined
   * where the broker does not count. What was released does not count where the driver can tell. The core takes this for
   * evidence of a crash, after it has subtracted the deliveries that its own process survived.
   */
  readonly deliveries: number | undefined;
  /** What `Source.keepProgress` has noted of this message; undefined when there is nothing. */
  readonly progress?: RetryProgress | undefined;
  /**
   * When the broker takes it back unless it is extended, by the link's clock and rather too early than too late;
   * undefined: not while the link lives.
   */
  readonly leaseUntil: number | undefined;
  /** The client's message. */
  readonly native: unknown;
}

/** Headers of ours to set on a copy, or with undefined to remove from it. Names begin with `anybroker-`. */
export type HeaderChanges = Readonly<Record<string, string | undefined>>;
