import type { Content } from "./message.ts";

/** Where a message was before. */
export interface Origin {
  readonly enqueuedSequenceNumber?: number | undefined;
  readonly deliveryCount?: number | undefined;
  readonly hops?: number | undefined;
  readonly deadLetterSource?: string | undefined;
}

/** Takes every message of a queue away, to other entities. */
export type Forward = (content: Content, origin: Origin) => void;

/** Takes the messages that a queue gives up. */
export interface DeadLetterTarget {
  deadLetter(content: Content, origin: Origin): void;
  /** For messages that could not be forwarded. */
  transferDeadLetter(content: Content, origin: Origin): void;
}
