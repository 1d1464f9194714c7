/** Where a message was read from. */
export type MessageSource = { readonly queue: string } | { readonly topic: string; readonly subscription: string };

/** A message in a handler's hands. */
export interface Message<Body = unknown> {
  readonly body: Body;
  /** The body as it came. */
  readonly bytes: Uint8Array;
  /** Undefined for a foreign message without one, where the broker has no name of its own for it. */
  readonly id: string | undefined;
  readonly key: string | undefined;
  /** The sender's headers, in an object without prototype. */
  readonly headers: Readonly<Record<string, string>>;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly sentAt: Date | undefined;
  /** 1 plus the failures before. */
  readonly attempt: number;
  /** Whether it may have been in a handler's hands before. */
  readonly redelivered: boolean;
  readonly source: MessageSource;
  /** The broker's name for its place, for people. */
  readonly position: string;
  /** Aborts when the message is lost, timed out or given back: go no further. */
  readonly signal: AbortSignal;
  /** The client's own message. */
  readonly native: unknown;
  /** Done. False: it was settled before, or is no longer ours. */
  ack(): Promise<boolean>;
  /** Failed: again, after `delay` ms or by the policy's backoff; to the dead letters when the attempts are used up. */
  retry(options?: { readonly delay?: number }): Promise<boolean>;
  /** Failed for good: to the dead letters. */
  deadLetter(reason: string): Promise<boolean>;
}

/** Handles one message. When it returns the message is acked; when it throws the retry policy decides. */
export type Handler<Body> = (message: Message<Body>) => unknown;

/** Handles several at once. What it has not settled is acked when it returns and retried when it throws. */
export type BatchHandler<Body> = (messages: readonly Message<Body>[]) => unknown;
