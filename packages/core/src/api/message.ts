/** The queue or subscription that a message was read from. */
export type MessageSource = { readonly queue: string } | { readonly topic: string; readonly subscription: string };

/** A message that a handler gets. */
export interface Message<Body = unknown> {
  /** The decoded body: the output of the handle's schema, or else what its codec decodes, which is JSON by default. */
  readonly body: Body;
  /** The body's bytes as they were received. */
  readonly bytes: Uint8Array;
  /**
   * The id that the sender set. Undefined if another client sent the message without one and the broker assigned none.
   */
  readonly id: string | undefined;
  /** The key that groups messages. */
  readonly key: string | undefined;
  /** The sender's headers, in an object without a prototype. */
  readonly headers: Readonly<Record<string, string>>;
  /** The kind of message, in the application's terms. */
  readonly type: string | undefined;
  /** The body's media type, such as `application/json`. */
  readonly contentType: string | undefined;
  /** The message or conversation that this message belongs to. */
  readonly correlationId: string | undefined;
  /** Where the sender expects a reply. */
  readonly replyTo: string | undefined;
  /** When the sender sent it, by the sender's clock. */
  readonly sentAt: Date | undefined;
  /** The number of this attempt: 1 plus the failures so far. */
  readonly attempt: number;
  /** Whether a handler may have seen the message before. */
  readonly redelivered: boolean;
  /** The queue or subscription that it was read from. */
  readonly source: MessageSource;
  /** The message's position on the broker, for people: an id, an offset or a delivery tag. */
  readonly position: string;
  /** Aborts when the message is lost, has timed out or is given back. The handler should then stop. */
  readonly signal: AbortSignal;
  /** The client's own message object. */
  readonly native: unknown;
  /**
   * Settles the message as done. Resolves with true when the settlement has succeeded, and with false if the message
   * was settled before or is no longer held. Never rejects.
   */
  ack(): Promise<boolean>;
  /**
   * Settles the message as failed. It is retried after `delay` milliseconds (0 to 31 536 000 000, a year), or else after
   * the policy's backoff. If no attempt is left it is dead-lettered. Resolves like `ack`; rejects with a `TypeError` for
   * an illegal delay.
   */
  retry(options?: { readonly delay?: number | undefined }): Promise<boolean>;
  /**
   * Gives the message up: it is dead-lettered with this reason. Resolves like `ack`; rejects with a `TypeError` for an
   * empty reason.
   */
  deadLetter(reason: string): Promise<boolean>;
}

/** Handles one message. The message is acked when the handler returns. If it throws, the retry policy decides. */
export type Handler<Body> = (message: Message<Body>) => unknown;

/**
 * Handles several messages at once. Messages that it has not settled itself are acked when it returns. If it throws,
 * the retry policy decides about each of them.
 */
export type BatchHandler<Body> = (messages: readonly Message<Body>[]) => unknown;
