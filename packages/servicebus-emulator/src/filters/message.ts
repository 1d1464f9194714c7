import type { FilterValue } from "./values.ts";

/** What becomes of a system property when an action sets it. */
type Setting = "string" | "dateTime" | "timeSpan" | "read-only";

/** A system property, with its first letter in lower case. `label` is what newer SDKs call the subject. */
export type SystemProperty =
  | "contentType"
  | "correlationId"
  | "deadLetterSource"
  | "deliveryCount"
  | "enqueuedSequenceNumber"
  | "enqueuedTimeUtc"
  | "expiresAtUtc"
  | "label"
  | "lockedUntilUtc"
  | "lockToken"
  | "messageId"
  | "partitionKey"
  | "replyTo"
  | "replyToSessionId"
  | "scheduledEnqueueTimeUtc"
  | "sequenceNumber"
  | "sessionId"
  | "size"
  | "state"
  | "timeToLive"
  | "to"
  | "viaPartitionKey";

// The public properties of a message.
const SYSTEM_PROPERTIES: Readonly<Record<SystemProperty, Setting>> = {
  contentType: "string",
  correlationId: "string",
  deadLetterSource: "read-only",
  deliveryCount: "read-only",
  enqueuedSequenceNumber: "read-only",
  enqueuedTimeUtc: "read-only",
  expiresAtUtc: "read-only",
  label: "string",
  lockedUntilUtc: "read-only",
  lockToken: "read-only",
  messageId: "string",
  partitionKey: "string",
  replyTo: "string",
  replyToSessionId: "string",
  scheduledEnqueueTimeUtc: "dateTime",
  sequenceNumber: "read-only",
  sessionId: "string",
  size: "read-only",
  state: "read-only",
  timeToLive: "timeSpan",
  to: "string",
  viaPartitionKey: "read-only",
};

/** What filters and actions see of a message. A property that is not there is `undefined`. */
export interface FilterMessage {
  readonly system: Readonly<Partial<Record<SystemProperty, FilterValue>>>;
  readonly application: Readonly<Record<string, FilterValue>>;
}

// A cast is right: the keys of the table are its own.
const NAMES: ReadonlyMap<string, SystemProperty> = new Map([
  ...(Object.keys(SYSTEM_PROPERTIES) as SystemProperty[]).map((name) => [name.toLowerCase(), name] as const),
  ["subject", "label"],
]);

/** Finds the system property with a name in any letter case, or returns `undefined`. */
export function systemProperty(name: string): SystemProperty | undefined {
  return NAMES.get(name.toLowerCase());
}

/** How an action may set a system property. */
export function settingOf(name: SystemProperty): Setting {
  return SYSTEM_PROPERTIES[name];
}

/**
 * Finds the key of an application property. Names match in any letter case, and an exact match wins.
 * https://learn.microsoft.com/azure/service-bus-messaging/service-bus-messaging-sql-filter
 */
export function applicationKey(properties: Readonly<Record<string, unknown>>, name: string): string | undefined {
  if (Object.hasOwn(properties, name)) return name;
  const lower = name.toLowerCase();
  return Object.keys(properties).find((key) => key.toLowerCase() === lower);
}

/** Reads an application property, in any letter case. */
export function applicationProperty(message: FilterMessage, name: string): FilterValue | undefined {
  const key = applicationKey(message.application, name);
  return key === undefined ? undefined : message.application[key];
}
