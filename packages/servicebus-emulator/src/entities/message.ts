import type { RuleChanges } from "../filters/action.ts";
import type { FilterMessage } from "../filters/message.ts";

/** What was sent: immutable, and shared by all copies of the message. */
export interface Content {
  readonly messageId: string;
  readonly sessionId: string | undefined;
  /** The time to live that the sender asked for, in ms. */
  readonly timeToLive: number | undefined;
  /** When the sender wants the message enqueued, in ms since 1970. */
  readonly scheduledAt: number | undefined;
  /** The size on the wire, in bytes. */
  readonly size: number;
  /** What filters see of the message. */
  readonly filterMessage: FilterMessage;
  /** The same content with application properties added or replaced. */
  withProperties(changes: Properties): Content;
  /** The same content as an action changes it. */
  withRuleChanges(changes: RuleChanges): Content;
}

/** Application properties by name. The values are those of the wire format. */
export type Properties = Readonly<Record<string, unknown>>;

/** A message in one entity. */
export interface Message {
  content: Content;
  /** Unique in the entity, and in the order in which messages were enqueued. */
  sequenceNumber: number;
  /** The sequence number in the entity where the message was enqueued first. */
  readonly enqueuedSequenceNumber: number;
  /** In ms since 1970. */
  enqueuedAt: number;
  /** In ms since 1970. Infinity: never. */
  expiresAt: number;
  /** How often the message was handed over and not completed. */
  deliveryCount: number;
  state: MessageState;
  /** The valid lock. */
  lock: Lock | undefined;
  /** How many entities have forwarded the message. */
  readonly hops: number;
  /** The entity in which the message was dead-lettered, if it was forwarded from there. */
  readonly deadLetterSource: string | undefined;
}

/** `gone`: completed, expired, dead-lettered, cancelled. */
export type MessageState = "active" | "deferred" | "scheduled" | "gone";

/** The right to settle a message. It is valid while it is the lock of its message. */
export interface Lock {
  /** A UUID. */
  readonly token: string;
  readonly message: Message;
  /** In ms since 1970. */
  until: number;
}

/** A message that is handed to a consumer; without a lock, the message is gone. */
export interface Delivery {
  readonly message: Message;
  readonly lock: Lock | undefined;
}
