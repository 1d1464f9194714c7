import { randomUUID } from "node:crypto";
import type { Content, Properties } from "../entities/message.ts";
import { types } from "./rhea.ts";
import { type Range, type Sections, sectionsOf } from "./wire/message-sections.ts";
import { compoundAt, endOf, MalformedBytes, numberAt, textAt } from "./wire/reader.ts";
import { Writer } from "./wire/writer.ts";

/** Annotations that the emulator writes itself. Those that a client sent are dropped. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  "x-opt-sequence-number",
  "x-opt-enqueued-time",
  "x-opt-locked-until",
  "x-opt-enqueue-sequence-number",
  "x-opt-message-state",
  "x-opt-deadletter-source",
]);

const DEFAULT_PRIORITY = 4;

/** The header fields that a sender sets. */
export interface Header {
  readonly durable: boolean;
  readonly priority: number;
  /** In ms. */
  readonly timeToLive: number | undefined;
}

/** Keys and values, encoded one after the other. */
export interface EncodedMap {
  readonly bytes: Buffer;
  /** Keys and values count separately. */
  readonly count: number;
}

/** A message as it was sent: its sections stay encoded, so that each value keeps its exact type. */
export class AmqpContent implements Content {
  readonly messageId: string;
  readonly sessionId: string | undefined;
  readonly scheduledAt: number | undefined;
  readonly header: Header;
  readonly annotations: EncodedMap;
  readonly #properties: Buffer;
  readonly #applicationProperties: Buffer | undefined;
  readonly #body: Buffer;

  private constructor(fields: {
    readonly messageId: string;
    readonly sessionId: string | undefined;
    readonly scheduledAt: number | undefined;
    readonly header: Header;
    readonly annotations: EncodedMap;
    readonly properties: Buffer;
    readonly applicationProperties: Buffer | undefined;
    readonly body: Buffer;
  }) {
    this.messageId = fields.messageId;
    this.sessionId = fields.sessionId;
    this.scheduledAt = fields.scheduledAt;
    this.header = fields.header;
    this.annotations = fields.annotations;
    this.#properties = fields.properties;
    this.#applicationProperties = fields.applicationProperties;
    this.#body = fields.body;
  }

  /** Reads an encoded message. A message without a message id gets one. */
  static decode(payload: Buffer): AmqpContent {
    // A copy, because the payload is a part of a large buffer of the socket.
    const bytes = Buffer.from(payload);
    const sections = sectionsOf(bytes);
    const { annotations, scheduledAt } = annotationsOf(bytes, sections.messageAnnotations);
    const properties = propertiesOf(bytes, sections.properties);
    const { applicationProperties } = sections;
    return new AmqpContent({
      messageId: properties.messageId,
      sessionId: properties.sessionId,
      scheduledAt,
      header: headerOf(bytes, sections.header),
      annotations,
      properties: properties.section,
      applicationProperties:
        applicationProperties === undefined
          ? undefined
          : bytes.subarray(applicationProperties.start, applicationProperties.end),
      body: bodyOf(bytes, sections),
    });
  }

  get timeToLive(): number | undefined {
    return this.header.timeToLive;
  }

  get size(): number {
    return (
      this.annotations.bytes.length +
      this.#properties.length +
      (this.#applicationProperties?.length ?? 0) +
      this.#body.length
    );
  }

  /** Writes the sections that are the same for each delivery. */
  write(writer: Writer): void {
    writer.raw(this.#properties);
    if (this.#applicationProperties !== undefined) writer.raw(this.#applicationProperties);
    writer.raw(this.#body);
  }

  withProperties(changes: Properties): AmqpContent {
    const writer = new Writer(1024);
    writer.section(0x74);
    const begun = writer.begin(0xd1);
    let count = 0;
    for (const { name, bytes } of this.#eachProperty()) {
      if (name in changes) continue;
      writer.raw(bytes);
      count += 2;
    }
    for (const [name, value] of Object.entries(changes)) {
      writer.string(name);
      writer.raw(encoded(value));
      count += 2;
    }
    writer.end(begun, count);
    return new AmqpContent({
      messageId: this.messageId,
      sessionId: this.sessionId,
      scheduledAt: this.scheduledAt,
      header: this.header,
      annotations: this.annotations,
      properties: this.#properties,
      applicationProperties: writer.result(),
      body: this.#body,
    });
  }

  *#eachProperty(): Generator<{ readonly name: string; readonly bytes: Buffer }> {
    const section = this.#applicationProperties;
    if (section === undefined) return;
    for (const { key, start, end } of entriesAt(section, endOf(section, 1))) {
      yield { name: key, bytes: section.subarray(start, end) };
    }
  }
}

function encoded(value: unknown): Buffer {
  const writer = new types.Writer();
  writer.write(types.wrap(value));
  return writer.toBuffer();
}

function headerOf(bytes: Buffer, position: number | undefined): Header {
  const items = position === undefined ? [] : itemsAt(bytes, position);
  const numberOf = (index: number): number | undefined => {
    const item = items[index];
    return item === undefined ? undefined : numberAt(bytes, item);
  };
  return { durable: numberOf(0) === 1, priority: numberOf(1) ?? DEFAULT_PRIORITY, timeToLive: numberOf(2) };
}

function annotationsOf(
  bytes: Buffer,
  position: number | undefined,
): { readonly annotations: EncodedMap; readonly scheduledAt: number | undefined } {
  let scheduledAt: number | undefined;
  const kept: Buffer[] = [];
  if (position !== undefined) {
    for (const { key, start, value, end } of entriesAt(bytes, position)) {
      if (OWN_ANNOTATIONS.has(key)) continue;
      if (key === "x-opt-scheduled-enqueue-time") scheduledAt = numberAt(bytes, value);
      kept.push(bytes.subarray(start, end));
    }
  }
  const only = kept.length === 1 ? kept[0] : undefined;
  return { annotations: { bytes: only ?? Buffer.concat(kept), count: kept.length * 2 }, scheduledAt };
}

const MESSAGE_ID = 0;
const GROUP_ID = 10;

function propertiesOf(
  bytes: Buffer,
  range: Range | undefined,
): { readonly messageId: string; readonly sessionId: string | undefined; readonly section: Buffer } {
  const items = range === undefined ? [] : itemsAt(bytes, range.value);
  const groupId = items[GROUP_ID];
  const sessionId = groupId === undefined ? undefined : textAt(bytes, groupId);
  const idAt = items[MESSAGE_ID];
  if (range !== undefined && idAt !== undefined && bytes[idAt] !== 0x40) {
    const id = textAt(bytes, idAt) ?? bytes.toString("hex", idAt, endOf(bytes, idAt));
    return { messageId: id, sessionId, section: bytes.subarray(range.start, range.end) };
  }
  const messageId = randomUUID().replaceAll("-", "");
  return { messageId, sessionId, section: withMessageId(bytes, items, messageId) };
}

function withMessageId(bytes: Buffer, items: readonly number[], messageId: string): Buffer {
  const writer = new Writer();
  writer.section(0x73);
  const begun = writer.begin(0xd0);
  writer.string(messageId);
  for (const item of items.slice(1)) writer.raw(bytes.subarray(item, endOf(bytes, item)));
  writer.end(begun, Math.max(items.length, 1));
  return writer.result();
}

function bodyOf(bytes: Buffer, { body }: Sections): Buffer {
  const [first] = body;
  if (first === undefined) return Buffer.alloc(0);
  const last = body.at(-1) ?? first;
  const isContiguous = body.every((range, index) => index === 0 || body[index - 1]?.end === range.start);
  if (isContiguous) return bytes.subarray(first.start, last.end);
  return Buffer.concat(body.map(({ start, end }) => bytes.subarray(start, end)));
}

/** Where the items of a list are. */
function itemsAt(bytes: Buffer, position: number): readonly number[] {
  const list = compoundAt(bytes, position);
  if (list === undefined) throw new MalformedBytes("a section is not a list");
  const items: number[] = [];
  let item = list.start;
  for (let index = 0; index < list.count; index++) {
    items.push(item);
    item = endOf(bytes, item);
  }
  return items;
}

function* entriesAt(
  bytes: Buffer,
  position: number,
): Generator<{ readonly key: string; readonly start: number; readonly value: number; readonly end: number }> {
  const map = compoundAt(bytes, position);
  if (map === undefined) throw new MalformedBytes("a section is not a map");
  let start = map.start;
  for (let index = 0; index + 1 < map.count; index += 2) {
    const value = endOf(bytes, start);
    const end = endOf(bytes, value);
    yield { key: textAt(bytes, start) ?? "", start, value, end };
    start = end;
  }
}
