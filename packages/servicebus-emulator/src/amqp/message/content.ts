import type { Content, Properties } from "../../entities/message.ts";
import type { RuleChanges } from "../../filters/action.ts";
import type { FilterMessage } from "../../filters/message.ts";
import { types } from "../rhea.ts";
import { compoundAt, endOf } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";
import { filterMessageOf } from "./filter-message.ts";
import type { EncodedMap, Parts } from "./parts.ts";
import {
  annotationsOf,
  bodyOf,
  entriesFrom,
  headerOf,
  itemsAt,
  propertiesOf,
  propertiesSection,
} from "./read-content.ts";
import { type EncodedChanges, encodeChanges } from "./rule-changes.ts";
import { sectionsOf } from "./sections.ts";

/** A message as it was sent: its sections stay encoded, so that each value keeps its exact type. */
export class AmqpContent implements Content {
  readonly parts: Parts;
  #filterMessage: FilterMessage | undefined;

  private constructor(parts: Parts) {
    this.parts = parts;
  }

  /** Reads an encoded message. A message without a message id gets one. */
  static decode(payload: Buffer): AmqpContent {
    // A copy, because the payload is a part of a large buffer of the socket.
    const bytes = Buffer.from(payload);
    const sections = sectionsOf(bytes);
    const { annotations: deliveryAnnotations } = annotationsOf(bytes, sections.deliveryAnnotations);
    const { annotations, scheduledAt } = annotationsOf(bytes, sections.messageAnnotations);
    const properties = propertiesOf(bytes, sections.properties);
    const { applicationProperties } = sections;
    return new AmqpContent({
      messageId: properties.messageId,
      sessionId: properties.sessionId,
      scheduledAt,
      header: headerOf(bytes, sections.header),
      deliveryAnnotations,
      annotations,
      properties: properties.section,
      applicationProperties:
        applicationProperties === undefined
          ? undefined
          : bytes.subarray(applicationProperties.start, applicationProperties.end),
      body: bodyOf(bytes, sections),
    });
  }

  get messageId(): string {
    return this.parts.messageId;
  }

  get sessionId(): string | undefined {
    return this.parts.sessionId;
  }

  get scheduledAt(): number | undefined {
    return this.parts.scheduledAt;
  }

  get timeToLive(): number | undefined {
    return this.parts.header.timeToLive;
  }

  get size(): number {
    const { annotations, properties, applicationProperties, body } = this.parts;
    return annotations.bytes.length + properties.length + (applicationProperties?.length ?? 0) + body.length;
  }

  get filterMessage(): FilterMessage {
    this.#filterMessage ??= filterMessageOf(this.parts);
    return this.#filterMessage;
  }

  withProperties(changes: Properties): AmqpContent {
    const encoded = new Map(Object.entries(changes).map(([name, value]) => [name, encodeValue(value)]));
    return this.#withChanges({
      fields: new Map(),
      application: encoded,
      timeToLive: undefined,
      annotations: new Map(),
    });
  }

  withRuleChanges(changes: RuleChanges): AmqpContent {
    return this.#withChanges(encodeChanges(changes, this.filterMessage));
  }

  #withChanges(changes: EncodedChanges): AmqpContent {
    const properties = changes.fields.size === 0 ? this.parts.properties : this.#changedFields(changes.fields);
    const { parts } = this;
    const { messageId, sessionId } = propertiesOf(properties, {
      start: 0,
      value: endOf(properties, 1),
      end: properties.length,
    });
    return new AmqpContent({
      ...parts,
      messageId,
      sessionId,
      header: { ...parts.header, timeToLive: changes.timeToLive ?? parts.header.timeToLive },
      annotations: changedEntries(parts.annotations, changes.annotations, (writer, key) => writer.symbol(key)),
      properties,
      applicationProperties:
        changes.application.size === 0 ? parts.applicationProperties : this.#changedProperties(changes.application),
    });
  }

  #changedFields(changes: ReadonlyMap<number, Buffer | undefined>): Buffer {
    const { properties } = this.parts;
    const fields: (Buffer | undefined)[] = itemsAt(properties, endOf(properties, 1)).map((item) =>
      properties.subarray(item, endOf(properties, item)),
    );
    for (const [index, value] of changes) fields[index] = value;
    return propertiesSection(fields);
  }

  #changedProperties(changes: ReadonlyMap<string, Buffer | undefined>): Buffer {
    const { applicationProperties: section } = this.parts;
    const map = section === undefined ? undefined : compoundAt(section, endOf(section, 1));
    const before =
      section === undefined || map === undefined
        ? { bytes: Buffer.alloc(0), count: 0 }
        : { bytes: section.subarray(map.start, map.end), count: map.count };
    const { bytes, count } = changedEntries(before, changes, (writer, key) => writer.string(key));
    const writer = new Writer(bytes.length + 16);
    writer.section(0x74);
    const begun = writer.begin(0xd1);
    writer.raw(bytes);
    writer.end(begun, count);
    return writer.result();
  }
}

function changedEntries(
  map: EncodedMap,
  changes: ReadonlyMap<string, Buffer | undefined>,
  writeKey: (writer: Writer, key: string) => void,
): EncodedMap {
  if (changes.size === 0) return map;
  const writer = new Writer(map.bytes.length + 256);
  let count = 0;
  for (const { key, start, end } of entriesFrom(map.bytes, 0, map.count)) {
    if (changes.has(key)) continue;
    writer.raw(map.bytes.subarray(start, end));
    count += 2;
  }
  for (const [key, value] of changes) {
    if (value === undefined) continue;
    writeKey(writer, key);
    writer.raw(value);
    count += 2;
  }
  return { bytes: writer.result(), count };
}

function encodeValue(value: unknown): Buffer {
  const writer = new types.Writer();
  writer.write(types.wrap(value));
  return writer.toBuffer();
}
