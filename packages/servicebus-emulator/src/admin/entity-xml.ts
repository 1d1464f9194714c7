import { authorizationRules } from "./authorization-xml.ts";
import type {
  EntityResource,
  MessageCounts,
  QueueDescription,
  SubscriptionDescription,
  TopicDescription,
} from "./descriptions.ts";
import { boolean, duration, type Field, field, integer, oneOf, optionalText } from "./fields.ts";
import { element, type XmlElement } from "./xml.ts";

/** What is written of an entity: its description, after a create or update, or everything. */
export type Detail = "description" | "everything";

/** Something that is written of an entity: a property of its description, or what only the service knows. */
type Part<Description> = Field<Description> | ((resource: EntityResource<Description>) => readonly XmlElement[]);

const COUNTS_NAMESPACE = "http://schemas.microsoft.com/netservices/2011/06/servicebus";
const STATUS = oneOf("Active", "Disabled", "SendDisabled", "ReceiveDisabled");

// The parts are in the order in which the service writes them.

const QUEUE_PARTS: readonly Part<QueueDescription>[] = [
  field("LockDuration", "lockDuration", duration),
  field("MaxSizeInMegabytes", "maxSizeInMegabytes", integer),
  field("RequiresDuplicateDetection", "requiresDuplicateDetection", boolean),
  field("RequiresSession", "requiresSession", boolean),
  field("DefaultMessageTimeToLive", "defaultMessageTimeToLive", duration),
  field("DeadLetteringOnMessageExpiration", "deadLetteringOnMessageExpiration", boolean),
  field("DuplicateDetectionHistoryTimeWindow", "duplicateDetectionHistoryTimeWindow", duration),
  field("MaxDeliveryCount", "maxDeliveryCount", integer),
  field("EnableBatchedOperations", "enableBatchedOperations", boolean),
  sizeInBytes,
  messageCount,
  fixed("IsAnonymousAccessible", "false"),
  authorizationRules,
  field("Status", "status", STATUS),
  field("ForwardTo", "forwardTo", optionalText),
  field("UserMetadata", "userMetadata", optionalText),
  createdAndUpdated,
  accessedAt,
  ({ description }) => [element("SupportOrdering", {}, [String(!description.enablePartitioning)])],
  countDetails,
  field("AutoDeleteOnIdle", "autoDeleteOnIdle", duration),
  field("EnablePartitioning", "enablePartitioning", boolean),
  fixed("EntityAvailabilityStatus", "Available"),
  field("EnableExpress", "enableExpress", boolean),
  field("ForwardDeadLetteredMessagesTo", "forwardDeadLetteredMessagesTo", optionalText),
  field("MaxMessageSizeInKilobytes", "maxMessageSizeInKilobytes", integer),
];

const TOPIC_PARTS: readonly Part<TopicDescription>[] = [
  field("DefaultMessageTimeToLive", "defaultMessageTimeToLive", duration),
  field("MaxSizeInMegabytes", "maxSizeInMegabytes", integer),
  field("RequiresDuplicateDetection", "requiresDuplicateDetection", boolean),
  field("DuplicateDetectionHistoryTimeWindow", "duplicateDetectionHistoryTimeWindow", duration),
  field("EnableBatchedOperations", "enableBatchedOperations", boolean),
  sizeInBytes,
  fixed("FilteringMessagesBeforePublishing", "false"),
  fixed("IsAnonymousAccessible", "false"),
  authorizationRules,
  field("Status", "status", STATUS),
  field("UserMetadata", "userMetadata", optionalText),
  createdAndUpdated,
  accessedAt,
  field("SupportOrdering", "supportOrdering", boolean),
  countDetails,
  ({ subscriptionCount }) => [element("SubscriptionCount", {}, [String(subscriptionCount)])],
  field("AutoDeleteOnIdle", "autoDeleteOnIdle", duration),
  field("EnablePartitioning", "enablePartitioning", boolean),
  fixed("EntityAvailabilityStatus", "Available"),
  fixed("EnableSubscriptionPartitioning", "false"),
  field("EnableExpress", "enableExpress", boolean),
  field("MaxMessageSizeInKilobytes", "maxMessageSizeInKilobytes", integer),
];

const SUBSCRIPTION_PARTS: readonly Part<SubscriptionDescription>[] = [
  field("LockDuration", "lockDuration", duration),
  field("RequiresSession", "requiresSession", boolean),
  field("DefaultMessageTimeToLive", "defaultMessageTimeToLive", duration),
  field("DeadLetteringOnMessageExpiration", "deadLetteringOnMessageExpiration", boolean),
  field("DeadLetteringOnFilterEvaluationExceptions", "deadLetteringOnFilterEvaluationExceptions", boolean),
  messageCount,
  field("MaxDeliveryCount", "maxDeliveryCount", integer),
  field("EnableBatchedOperations", "enableBatchedOperations", boolean),
  field("Status", "status", STATUS),
  field("ForwardTo", "forwardTo", optionalText),
  createdAndUpdated,
  accessedAt,
  countDetails,
  field("UserMetadata", "userMetadata", optionalText),
  field("ForwardDeadLetteredMessagesTo", "forwardDeadLetteredMessagesTo", optionalText),
  field("AutoDeleteOnIdle", "autoDeleteOnIdle", duration),
  fixed("EntityAvailabilityStatus", "Available"),
  fixed("IsClientAffine", "false"),
];

// Only a get or a list tells these, as of the service.
const ONLY_EVERYTHING: ReadonlySet<unknown> = new Set([accessedAt, countDetails]);

/** How entities of one kind are written in XML, and read. */
export interface EntityXml<Description> {
  /** The properties that an element has. Throws `AdminError` for values that are none. */
  readonly read: (parent: XmlElement) => Partial<Description>;
  readonly write: (resource: EntityResource<Description>, detail: Detail) => readonly XmlElement[];
}

/** Queues in XML. */
export const queueXml: EntityXml<QueueDescription> = entityXml(QUEUE_PARTS);

/** Topics in XML. */
export const topicXml: EntityXml<TopicDescription> = entityXml(TOPIC_PARTS);

/** Subscriptions in XML; the default rule of a new one is not among their properties. */
export const subscriptionXml: EntityXml<SubscriptionDescription> = entityXml(SUBSCRIPTION_PARTS);

function entityXml<Description>(parts: readonly Part<Description>[]): EntityXml<Description> {
  return {
    read: (parent) => {
      const properties: Partial<Description> = {};
      for (const part of parts) if (typeof part !== "function") Object.assign(properties, part.read(parent));
      return properties;
    },
    write: (resource, detail) =>
      parts
        .filter((part) => detail === "everything" || !ONLY_EVERYTHING.has(part))
        .flatMap((part) => (typeof part === "function" ? part(resource) : part.write(resource.description))),
  };
}

type Anything = EntityResource<unknown>;

function fixed(name: string, text: string): () => readonly XmlElement[] {
  return () => [element(name, {}, [text])];
}

function sizeInBytes(resource: Anything): readonly XmlElement[] {
  return [element("SizeInBytes", {}, [String(resource.sizeInBytes)])];
}

function messageCount({ counts }: Anything): readonly XmlElement[] {
  const all = counts.active + counts.deadLetter + counts.scheduled + counts.transfer + counts.transferDeadLetter;
  return [element("MessageCount", {}, [String(all)])];
}

function createdAndUpdated({ createdAt, updatedAt }: Anything): readonly XmlElement[] {
  return [element("CreatedAt", {}, [createdAt.toISOString()]), element("UpdatedAt", {}, [updatedAt.toISOString()])];
}

function accessedAt(resource: Anything): readonly XmlElement[] {
  return [element("AccessedAt", {}, [resource.accessedAt.toISOString()])];
}

const COUNT_ELEMENTS = [
  ["active", "ActiveMessageCount"],
  ["deadLetter", "DeadLetterMessageCount"],
  ["scheduled", "ScheduledMessageCount"],
  ["transfer", "TransferMessageCount"],
  ["transferDeadLetter", "TransferDeadLetterMessageCount"],
] as const satisfies readonly (readonly [keyof MessageCounts, string])[];

function countDetails({ counts }: Anything): readonly XmlElement[] {
  const children = COUNT_ELEMENTS.map(([key, name]) => element(`d2p1:${name}`, {}, [String(counts[key])]));
  return [element("CountDetails", { "xmlns:d2p1": COUNTS_NAMESPACE }, children)];
}
