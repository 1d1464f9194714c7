import type { Selection } from "../contract/dead-letters.ts";

/** A message that could not be handled and was given up. */
export interface DeadLetter {
  /** Identifies the dead letter in `replay`, `remove` and `list`. */
  readonly deadLetterId: string;
  /** The message's id. */
  readonly id: string | undefined;
  /** The body, unchanged. */
  readonly bytes: Uint8Array;
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
  /** The number of attempts; undefined if the broker gave the message up by itself. */
  readonly attempts: number | undefined;
  /**
   * Why the message was given up: `attempts-exhausted`, `classified`, `crash-loop`, an error code, or the handler's own
   * reason.
   */
  readonly reason: string | undefined;
  /** The last error, at most 512 bytes. */
  readonly error: string | undefined;
  /** The queue or subscription that gave the message up. */
  readonly source: string | undefined;
  /** When the message was given up. */
  readonly at: Date | undefined;
  /** The client's own message object. */
  readonly native: unknown;
}

/**
 * The dead letters of one queue or durable subscription. On an ephemeral subscription every call rejects with
 * `UNSUPPORTED`. A call that gets no answer within 60 seconds rejects with `TIMEOUT`.
 */
export interface DeadLetters {
  /** Counts the dead letters. */
  count(options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
  /**
   * Lists dead letters, oldest first, without changing them. `limit` is the largest number to return, 100 by default.
   * With `after` the list starts after the dead letter with that `deadLetterId`.
   *
   * @example
   * ```ts
   * const { deadLetters } = broker.queue("emails");
   * for await (const { deadLetterId, reason, error } of deadLetters.list()) console.log(deadLetterId, reason, error);
   * ```
   */
  list(options?: {
    readonly limit?: number | undefined;
    readonly after?: string | undefined;
    readonly signal?: AbortSignal | undefined;
  }): AsyncIterable<DeadLetter>;
  /**
   * Sends the selected messages to the same queue or subscription again, as if they had never failed: their attempts
   * start at 1, and they have no expiry. Each copy is confirmed before its dead letter is removed. With `rate` at most so
   * many go in a second, from 1 to 1 000 000, which needs the feature `deadLetters.select`. Returns how many were replayed.
   *
   * @example
   * ```ts
   * const { deadLetters } = broker.queue("emails");
   * await deadLetters.replay({ all: true }, { rate: 50 });
   * ```
   */
  replay(
    selection: Selection,
    options?: { readonly rate?: number | undefined; readonly signal?: AbortSignal | undefined },
  ): Promise<number>;
  /** Removes the selected dead letters for good. Returns how many were removed. */
  remove(selection: Selection, options?: { readonly signal?: AbortSignal | undefined }): Promise<number>;
}
