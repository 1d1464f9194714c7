import type { Rule } from "../filters/rule.ts";

/** Whether an entity takes and gives messages. */
export type EntityStatus = "Active" | "Disabled" | "SendDisabled" | "ReceiveDisabled";

/** A key of an entity, with what it allows there. */
export interface AuthorizationRule {
  readonly keyName: string;
  readonly primaryKey: string;
  readonly secondaryKey: string;
  readonly rights: readonly AccessRight[];
  readonly createdAt: Date;
  readonly modifiedAt: Date;
}

/** What a key allows. */
export type AccessRight = "Send" | "Listen" | "Manage";

/** What all entities have in common. Durations are in ms; `Infinity` means never. */
export interface EntityDescription {
  readonly defaultMessageTimeToLive: number;
  readonly enableBatchedOperations: boolean;
  readonly status: EntityStatus;
  readonly userMetadata: string | undefined;
  readonly autoDeleteOnIdle: number;
}

/** What queues and topics have in common: they are where messages come in. */
export interface InletDescription {
  readonly maxSizeInMegabytes: number;
  readonly requiresDuplicateDetection: boolean;
  readonly duplicateDetectionHistoryTimeWindow: number;
  readonly authorizationRules: readonly AuthorizationRule[];
  readonly enablePartitioning: boolean;
  readonly enableExpress: boolean;
  readonly maxMessageSizeInKilobytes: number;
}

/** What queues and subscriptions have in common: they are where messages go out. */
export interface OutletDescription {
  readonly lockDuration: number;
  readonly requiresSession: boolean;
  readonly deadLetteringOnMessageExpiration: boolean;
  readonly maxDeliveryCount: number;
  /** The path of the entity that gets the messages. */
  readonly forwardTo: string | undefined;
  /** The path of the entity that gets the dead letters. */
  readonly forwardDeadLetteredMessagesTo: string | undefined;
}

/** The properties of a queue. */
export interface QueueDescription extends EntityDescription, InletDescription, OutletDescription {}

/** The properties of a topic. */
export interface TopicDescription extends EntityDescription, InletDescription {
  readonly supportOrdering: boolean;
}

/** The properties of a subscription. */
export interface SubscriptionDescription extends EntityDescription, OutletDescription {
  readonly deadLetteringOnFilterEvaluationExceptions: boolean;
  /** The only rule of a new subscription; a rule for all messages if it is left out. Never returned. */
  readonly defaultRule: Rule | undefined;
}

/** How many messages an entity has. */
export interface MessageCounts {
  readonly active: number;
  readonly deadLetter: number;
  readonly scheduled: number;
  readonly transfer: number;
  readonly transferDeadLetter: number;
}

/** An entity or a rule that exists. */
export interface Resource<Description> {
  readonly name: string;
  readonly description: Description;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

/** A queue, topic or subscription that exists. */
export interface EntityResource<Description> extends Resource<Description> {
  readonly accessedAt: Date;
  readonly sizeInBytes: number;
  readonly counts: MessageCounts;
  /** How many subscriptions a topic has. */
  readonly subscriptionCount: number;
}

/** A tier of the service. */
export type Tier = "Standard" | "Premium";
