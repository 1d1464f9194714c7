import type { FilterMessage, SystemProperty } from "../../filters/message.ts";
import type { FilterValue } from "../../filters/values.ts";
import { endOf } from "../wire/reader.ts";
import { filterValueAt } from "./filter-value.ts";
import type { Parts } from "./parts.ts";
import { entriesAt, entriesFrom, isNull, itemsAt, PROPERTY } from "./read-content.ts";

/** The system properties that are fields of the properties section. */
export const FIELDS: Readonly<Partial<Record<SystemProperty, number>>> = {
  messageId: PROPERTY.messageId,
  to: PROPERTY.to,
  label: PROPERTY.subject,
  replyTo: PROPERTY.replyTo,
  correlationId: PROPERTY.correlationId,
  contentType: PROPERTY.contentType,
  sessionId: PROPERTY.groupId,
  replyToSessionId: PROPERTY.replyToGroupId,
};

/** The system properties that are annotations. */
export const ANNOTATIONS: Readonly<Partial<Record<SystemProperty, string>>> = {
  partitionKey: "x-opt-partition-key",
  viaPartitionKey: "x-opt-via-partition-key",
  scheduledEnqueueTimeUtc: "x-opt-scheduled-enqueue-time",
};

/** What filters and actions see of a message. */
export function filterMessageOf({ properties, annotations, header, applicationProperties }: Parts): FilterMessage {
  const system: Partial<Record<SystemProperty, FilterValue>> = {};
  const items = itemsAt(properties, endOf(properties, 1));
  for (const [name, index] of entriesOf(FIELDS)) {
    const item = items[index];
    if (item === undefined || isNull(properties, item)) continue;
    const value = filterValueAt(properties, item);
    if (value !== undefined) system[name] = value;
  }
  for (const { key, value } of entriesFrom(annotations.bytes, 0, annotations.count)) {
    const name = entriesOf(ANNOTATIONS).find(([, annotation]) => annotation === key)?.[0];
    const found = name === undefined ? undefined : filterValueAt(annotations.bytes, value);
    if (name !== undefined && found !== undefined) system[name] = found;
  }
  if (header.timeToLive !== undefined) system.timeToLive = { kind: "timespan", milliseconds: header.timeToLive };
  return { system, application: applicationOf(applicationProperties) };
}

function applicationOf(section: Buffer | undefined): Readonly<Record<string, FilterValue>> {
  // Without a prototype, so that no name of a property means something else.
  const application: Record<string, FilterValue> = Object.create(null);
  if (section === undefined) return application;
  for (const { key, value } of entriesAt(section, endOf(section, 1))) {
    const found = filterValueAt(section, value);
    if (found !== undefined) application[key] = found;
  }
  return application;
}

function entriesOf<T>(table: Readonly<Partial<Record<SystemProperty, T>>>): [SystemProperty, T][] {
  return Object.entries(table) as [SystemProperty, T][]; // The keys of the table are its own, and none is undefined.
}
