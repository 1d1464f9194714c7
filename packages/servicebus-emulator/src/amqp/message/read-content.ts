import { randomUUID } from "node:crypto";
import { compoundAt, endOf, MalformedBytes, numberAt, textAt } from "../wire/reader.ts";
import { Writer } from "../wire/writer.ts";
import type { EncodedMap, Header } from "./parts.ts";
import type { Range, Sections } from "./sections.ts";

/** Annotations that the emulator writes itself. Those that a client sent are dropped. */
const OWN_ANNOTATIONS: ReadonlySet<string> = new Set([
  "x-opt-lock-token",
  "x-opt-sequence-number",
  "x-opt-enqueued-time",
  "x-opt-locked-until",
  "x-opt-enqueue-sequence-number",
  "x-opt-message-state",
  "x-opt-deadletter-source",
]);

const DEFAULT_PRIORITY = 4;

const NOTHING = Buffer.alloc(0);

/** The positions of properties in their list. AMQP 1.0, part 3.2.4. */
export const PROPERTY = {
  messageId: 0,
  to: 2,
  subject: 3,
  replyTo: 4,
  correlationId: 5,
  contentType: 6,
  groupId: 10,
  replyToGroupId: 12,
} as const;

/** A key and a value of an encoded map. */
export interface Entry {
  readonly key: string;
  readonly start: number;
  /** Where the value begins. */
  readonly value: number;
  readonly end: number;
}

export function headerOf(bytes: Buffer, position: number | undefined): Header {
  const items = position === undefined ? [] : itemsAt(bytes, position);
  const numberOf = (index: number): number | undefined => {
    const item = items[index];
    return item === undefined ? undefined : numberAt(bytes, item);
  };
  return { durable: numberOf(0) === 1, priority: numberOf(1) ?? DEFAULT_PRIORITY, timeToLive: numberOf(2) };
}

/** The annotations that are handed over as they are, and what one of them says. */
export function annotationsOf(
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
  const [first = NOTHING] = kept;
  const encoded = kept.length > 1 ? Buffer.concat(kept) : first;
  return { annotations: { bytes: encoded, count: kept.length * 2 }, scheduledAt };
}

/** The properties section with a message id: a new one if the sender set none. */
export function propertiesOf(
  bytes: Buffer,
  range: Range | undefined,
): { readonly messageId: string; readonly sessionId: string | undefined; readonly section: Buffer } {
  const items = range === undefined ? [] : itemsAt(bytes, range.value);
  const groupId = items[PROPERTY.groupId];
  const sessionId = groupId === undefined ? undefined : textAt(bytes, groupId);
  const idAt = items[PROPERTY.messageId];
  if (range !== undefined && idAt !== undefined && !isNull(bytes, idAt)) {
    const messageId = textAt(bytes, idAt) ?? bytes.toString("hex", idAt, endOf(bytes, idAt));
    return { messageId, sessionId, section: bytes.subarray(range.start, range.end) };
  }
  const messageId = randomUUID().replaceAll("-", "");
  const writer = new Writer();
  writer.string(messageId);
  const values = items.map((item) => bytes.subarray(item, endOf(bytes, item)));
  values[PROPERTY.messageId] = writer.result();
  return { messageId, sessionId, section: propertiesSection(values) };
}

/** Encodes the properties section from encoded values; a missing one is null. */
export function propertiesSection(values: readonly (Buffer | undefined)[]): Buffer {
  const writer = new Writer();
  writer.section(0x73);
  const begun = writer.begin(0xd0);
  for (let index = 0; index < values.length; index++) {
    const value = values[index];
    if (value === undefined) writer.byte(0x40);
    else writer.raw(value);
  }
  writer.end(begun, values.length);
  return writer.result();
}

export function bodyOf(bytes: Buffer, { body }: Sections): Buffer {
  const [first] = body;
  if (first === undefined) return NOTHING;
  const last = body.at(-1) ?? first;
  const isContiguous = body.every((range, index) => index === 0 || body[index - 1]?.end === range.start);
  if (isContiguous) return bytes.subarray(first.start, last.end);
  return Buffer.concat(body.map(({ start, end }) => bytes.subarray(start, end)));
}

export function isNull(bytes: Buffer, position: number): boolean {
  return bytes[position] === 0x40;
}

/** Where the items of a list are. */
export function itemsAt(bytes: Buffer, position: number): readonly number[] {
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

/** The entries of a map. */
export function* entriesAt(bytes: Buffer, position: number): Generator<Entry> {
  const map = compoundAt(bytes, position);
  if (map === undefined) throw new MalformedBytes("a section is not a map");
  yield* entriesFrom(bytes, map.start, map.count);
}

/** Entries one after the other; keys and values count separately. */
export function* entriesFrom(bytes: Buffer, first: number, count: number): Generator<Entry> {
  let start = first;
  for (let index = 0; index + 1 < count; index += 2) {
    const value = endOf(bytes, start);
    const end = endOf(bytes, value);
    yield { key: textAt(bytes, start) ?? "", start, value, end };
    start = end;
  }
}
