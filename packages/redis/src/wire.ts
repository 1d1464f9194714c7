import { isUtf8 } from "node:buffer";
import type * as core from "@anybroker/core/driver";
import { NO_HEADERS } from "@anybroker/core/driver";

/** An entry of a stream: its id, and its fields and their values in turn, which are not to be written to. */
export interface RedisEntry {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

/** An entry as Redis answers it; it has no fields where it has been deleted. */
export type Raw = readonly [id: Buffer, fields: Buffer[] | null];

/** A text or bytes, as one field or value. */
export type Text = string | Uint8Array;

/** What the fields of headers begin with, so that no header can be taken for a property. */
const HEADER = "h.";

/** Adds the fields of a message of ours. */
export function addFields(fields: Text[], message: core.OutgoingMessage): void {
  const { key, type, contentType, correlationId, replyTo, headers } = message;
  fields.push("d", message.body, "id", message.id, "ts", String(message.sentAt));
  if (contentType !== undefined) fields.push("ct", contentType);
  if (key !== undefined) fields.push("k", key);
  if (type !== undefined) fields.push("ty", type);
  if (correlationId !== undefined) fields.push("cid", correlationId);
  if (replyTo !== undefined) fields.push("rt", replyTo);
  for (const name of Object.keys(headers)) fields.push(HEADER + name, headers[name] ?? "");
}

/** The fields of a copy: those of the original, whatever they are, with changed headers. */
export function copyFields({ fields }: RedisEntry, changes: core.HeaderChanges): Text[] {
  const copy: Text[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const [name, value] = [fields[at], fields[at + 1]];
    if (name === undefined || value === undefined) continue;
    const changed = name[0] === 0x68 && name[1] === 0x2e && Object.hasOwn(changes, name.toString("utf8", 2));
    if (!changed) copy.push(name, value);
  }
  for (const [name, value] of Object.entries(changes)) if (value !== undefined) copy.push(HEADER + name, value);
  return copy;
}

/** One entry as it was handed over; texts and headers are read when asked. */
export class RedisDelivery implements core.Delivery {
  readonly native: RedisEntry;
  readonly deliveries: number;
  readonly leaseUntil: number;
  /** As `leaseUntil`, also after it was renewed. */
  heldUntil: number;
  /** The place of its stream among those of its source. */
  readonly feed: number;
  readonly #stream: string;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor([id, raw]: Raw, stream: string, feed: number, deliveries: number, leaseUntil: number) {
    const fields = raw ?? [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const shared = SHARED.get(numberOf(fields[at]));
      if (shared !== undefined) fields[at] = shared;
    }
    this.native = { id: id.toString("latin1"), fields };
    this.#stream = stream;
    this.feed = feed;
    this.deliveries = deliveries;
    this.leaseUntil = leaseUntil;
    this.heldUntil = leaseUntil;
  }

  /** Memory that nobody else writes to: ioredis makes a buffer for each reply, and never writes there again. */
  get body(): Uint8Array {
    return this.#field(NAMES.body) ?? new Uint8Array();
  }

  get id(): string | undefined {
    return this.#field(NAMES.id)?.toString() ?? this.native.id;
  }

  get contentType(): string | undefined {
    return this.#field(NAMES.contentType)?.toString();
  }

  get key(): string | undefined {
    return this.#field(NAMES.key)?.toString();
  }

  get type(): string | undefined {
    return this.#field(NAMES.type)?.toString();
  }

  get correlationId(): string | undefined {
    return this.#field(NAMES.correlationId)?.toString();
  }

  get replyTo(): string | undefined {
    return this.#field(NAMES.replyTo)?.toString();
  }

  get sentAt(): number | undefined {
    const at = Number(this.#field(NAMES.sentAt) ?? Number.parseInt(this.native.id, 10));
    return Number.isFinite(at) ? at : undefined;
  }

  get position(): string {
    return `${this.#stream} ${this.native.id}`;
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= textHeaders(this.native.fields);
    return this.#headers;
  }

  #field(name: Buffer): Buffer | undefined {
    const { fields } = this.native;
    const at = fields.indexOf(name);
    return at < 0 ? undefined : fields[at + 1];
  }
}

/** The names of the fields of properties: entries share them, since to keep a buffer for each costs too much. */
const NAMES = {
  body: Buffer.from("d"),
  id: Buffer.from("id"),
  sentAt: Buffer.from("ts"),
  contentType: Buffer.from("ct"),
  key: Buffer.from("k"),
  type: Buffer.from("ty"),
  correlationId: Buffer.from("cid"),
  replyTo: Buffer.from("rt"),
} as const;
const SHARED: ReadonlyMap<number, Buffer> = new Map(Object.values(NAMES).map((name) => [numberOf(name), name]));
/** Bytes from which on a body is not looked at whether it is text. */
const FEW = 4_096;

/** To make texts of all names would cost more than everything else here. */
function numberOf(name: Buffer | undefined): number {
  return name === undefined || name.length === 0 || name.length > 3 ? 0 : name.readUIntBE(0, name.length);
}

/** Fields that are no property are headers, with our prefix or, as other programs write them, without. */
function textHeaders(fields: readonly Buffer[]): Readonly<Record<string, string>> {
  let all: Record<string, string[]> | undefined;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (SHARED.has(numberOf(fields[at]))) continue;
    const field = String(fields[at]);
    const name = field.startsWith(HEADER) ? field.slice(HEADER.length) : field;
    all ??= Object.create(null) as Record<string, string[]>;
    all[name] = [...(all[name] ?? []), textOf(fields[at + 1] ?? Buffer.alloc(0))];
  }
  if (all === undefined) return NO_HEADERS;
  const headers: Record<string, string> = Object.create(null);
  for (const [name, values] of Object.entries(all)) {
    headers[name] = values.length === 1 ? (values[0] ?? "") : JSON.stringify(values);
  }
  return headers;
}

function textOf(value: Buffer): string {
  return isUtf8(value) ? value.toString() : `base64:${value.toString("base64")}`;
}

/** As an argument of a command: a few bytes that are text as such, since ioredis writes texts faster than buffers. */
export function toArgument(text: Text): string | Buffer {
  if (typeof text === "string") return text;
  const bytes = Buffer.from(text.buffer, text.byteOffset, text.byteLength);
  return bytes.length < FEW && isUtf8(bytes) ? bytes.toString() : bytes;
}

/** Texts and whole numbers from 0 on in MessagePack: for a script one such argument costs far less than many. */
export function pack(values: readonly (Text | number)[]): Buffer {
  let most = 0;
  for (const value of values) {
    most += MOST_HEAD + (typeof value === "number" ? 0 : value.length * (typeof value === "string" ? 3 : 1));
  }
  const buffer = most > scratch.length ? Buffer.allocUnsafe(most) : scratch;
  let end = 0;
  for (const value of values) {
    if (typeof value === "number") end = buffer.writeDoubleBE(value, buffer.writeUInt8(0xcb, end));
    else end = writeText(value, buffer, end);
  }
  return buffer === scratch ? Buffer.from(buffer.subarray(0, end)) : buffer.subarray(0, end);
}

/** A type, a length of four bytes, and the content; answers where it ends. */
function writeText(text: Text, buffer: Buffer, at: number): number {
  const start = at + 5;
  if (typeof text !== "string") buffer.set(text, start);
  const length = typeof text === "string" ? writeUtf8(text, buffer, start) : text.length;
  buffer[at] = 0xdb;
  buffer.writeUInt32BE(length, at + 1);
  return start + length;
}

/** Answers how many bytes. To write a short text here costs less than to ask Node for it, as long as it is ASCII. */
function writeUtf8(text: string, buffer: Buffer, start: number): number {
  const { length } = text;
  if (length > SHORT) return buffer.write(text, start);
  for (let at = 0; at < length; at += 1) {
    const code = codeAt.call(text, at);
    if (code >= 0x80) return buffer.write(text, start);
    buffer[start + at] = code;
  }
  return length;
}

/** Memory that comes and goes makes full collections; so all but large ones are written here first. */
const scratch = Buffer.allocUnsafeSlow(262_144);
const MOST_HEAD = 9;
const SHORT = 64;
/** Called like this it is compiled once for all kinds of strings; as a method it is looked up for each character. */
const codeAt = String.prototype.charCodeAt;
