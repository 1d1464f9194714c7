/** Whether an entity takes and gives messages. */
export type EntityStatus = "Active" | "Disabled" | "SendDisabled" | "ReceiveDisabled";

/** How a queue or a subscription treats messages. Durations are in ms; Infinity means never. */
export interface QueueOptions {
  readonly lockDuration: number;
  readonly maxDeliveryCount: number;
  readonly requiresSession: boolean;
  readonly requiresDuplicateDetection: boolean;
  readonly duplicateDetectionWindow: number;
  readonly defaultTimeToLive: number;
  readonly deadLetterOnExpiration: boolean;
  /** For a subscription: whether a message that a filter fails on is dead-lettered. */
  readonly deadLetterOnFilterError: boolean;
  readonly autoDeleteOnIdle: number;
  /** The path of the entity that gets every message. */
  readonly forwardTo: string | undefined;
  /** The path of the entity that gets every dead-lettered message. */
  readonly forwardDeadLettersTo: string | undefined;
  /** How many bytes of messages the entity takes. */
  readonly maxSize: number;
  /** How many bytes one message may have. */
  readonly maxMessageSize: number;
  readonly status: EntityStatus;
}

const MINUTE = 60_000;

/** What Azure Service Bus (standard tier) does where a description says nothing. */
export const DEFAULT_OPTIONS: QueueOptions = {
  lockDuration: MINUTE,
  maxDeliveryCount: 10,
  requiresSession: false,
  requiresDuplicateDetection: false,
  duplicateDetectionWindow: 10 * MINUTE,
  defaultTimeToLive: Number.POSITIVE_INFINITY,
  deadLetterOnExpiration: false,
  deadLetterOnFilterError: true,
  autoDeleteOnIdle: Number.POSITIVE_INFINITY,
  forwardTo: undefined,
  forwardDeadLettersTo: undefined,
  maxSize: 1024 ** 3,
  maxMessageSize: 256 * 1024,
  status: "Active",
};
