import { isUtf8 } from "node:buffer";
import type * as core from "@anybroker/core/driver";
import { bufferOf, bytesAsText, HeaderCollector, NO_HEADERS, OWN_PREFIX, readTime } from "@anybroker/core/driver";

/** An entry of a stream. `fields` holds names and values in turn; do not write to it. */
export interface RedisEntry {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

/** An entry in a reply of Redis. An entry that was deleted has no fields. */
export type RawEntry = readonly [id: Buffer, fields: Buffer[] | null];

/** The name or the value of a field, before it is sent. */
export type TextOrBytes = string | Uint8Array;

/** Marks the fields of headers, so that a header is never taken for a property of the same name. */
const HEADER_PREFIX = "h.";

/** The names of the fields of properties. All entries share these buffers: one buffer for each entry costs too much. */
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
const NAMES_BY_NUMBER: ReadonlyMap<number, Buffer> = new Map(
  Object.values(NAMES).map((name) => [nameAsNumber(name), name]),
);

/** Bodies this large or larger are sent as binary without checking for UTF-8, in bytes. */
const LARGE_BODY = 4_096;

/** Appends the fields of a message. */
export function addFields(fields: TextOrBytes[], message: core.OutgoingMessage): void {
  const { key, type, contentType, correlationId, replyTo, headers } = message;
  fields.push("d", message.body, "id", message.id, "ts", String(message.sentAt));
  if (contentType !== undefined) fields.push("ct", contentType);
  if (key !== undefined) fields.push("k", key);
  if (type !== undefined) fields.push("ty", type);
  if (correlationId !== undefined) fields.push("cid", correlationId);
  if (replyTo !== undefined) fields.push("rt", replyTo);
  for (const name of Object.keys(headers)) fields.push(HEADER_PREFIX + name, headers[name] ?? "");
}

/** The fields of a copy: those of the original, byte for byte and in their order, with changed headers. */
export function copyFields({ fields }: RedisEntry, changes: core.HeaderChanges): TextOrBytes[] {
  const copy: TextOrBytes[] = [];
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const name = fields[at];
    const value = fields[at + 1];
    if (name === undefined || value === undefined) continue;
    // Compares the bytes of the prefix, since decoding each name would cost more.
    const isHeader = name[0] === 0x68 && name[1] === 0x2e;
    if (isHeader && Object.hasOwn(changes, name.toString("utf8", HEADER_PREFIX.length))) continue;
    copy.push(name, value);
  }
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) copy.push(HEADER_PREFIX + name, value);
  }
  return copy;
}

/** One entry that was handed over. Properties and headers are decoded when they are read. */
export class RedisDelivery implements core.LeasedDelivery {
  readonly native: RedisEntry;
  readonly deliveries: number;
  readonly leaseUntil: number;
  heldUntil: number;
  /** A consumer's note about the message while it was retried in place. */
  progress: core.RetryProgress | undefined;
  /** The index of the entry's stream among the streams of its source. */
  readonly streamIndex: number;
  readonly #stream: string;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor([id, rawFields]: RawEntry, stream: string, streamIndex: number, deliveries: number, leaseUntil: number) {
    const fields = rawFields ?? [];
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const name = NAMES_BY_NUMBER.get(nameAsNumber(fields[at]));
      if (name !== undefined) fields[at] = name;
    }
    this.native = { id: id.toString("latin1"), fields };
    this.#stream = stream;
    this.streamIndex = streamIndex;
    this.deliveries = deliveries;
    this.leaseUntil = leaseUntil;
    this.heldUntil = leaseUntil;
  }

  /** The buffer that ioredis made for this value. ioredis never writes to it again. */
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
    const field = this.#field(NAMES.sentAt);
    return field === undefined ? Number.parseInt(this.native.id, 10) : readTime(field.toString());
  }

  get position(): string {
    return `${this.#stream} ${this.native.id}`;
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= decodeHeaders(this.native.fields);
    return this.#headers;
  }

  #field(name: Buffer): Buffer | undefined {
    const { fields } = this.native;
    const at = fields.indexOf(name);
    return at < 0 ? undefined : fields[at + 1];
  }
}

/** A name of up to three bytes as a number, else 0. Making a text of each name would cost more than all else here. */
function nameAsNumber(name: Buffer | undefined): number {
  return name === undefined || name.length === 0 || name.length > 3 ? 0 : name.readUIntBE(0, name.length);
}

/**
 * The headers are the fields that are not properties. Ours have the prefix; those of other programs may have none, and
 * without it a field is not ours, even if its name is. A header that comes more than once is a JSON list.
 */
function decodeHeaders(fields: readonly Buffer[]): Readonly<Record<string, string>> {
  let headers: HeaderCollector | undefined;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    if (NAMES_BY_NUMBER.has(nameAsNumber(fields[at]))) continue;
    const field = String(fields[at]);
    if (field.startsWith(OWN_PREFIX)) continue;
    const name = field.startsWith(HEADER_PREFIX) ? field.slice(HEADER_PREFIX.length) : field;
    headers ??= new HeaderCollector();
    headers.add(name, bytesAsText(fields[at + 1] ?? Buffer.alloc(0)));
  }
  return headers?.headers ?? NO_HEADERS;
}

/** The value as an argument of a command. Short text becomes a string, which ioredis writes faster than a buffer. */
export function toArgument(value: TextOrBytes): string | Buffer {
  if (typeof value === "string") return value;
  const bytes = bufferOf(value);
  return bytes.length < LARGE_BODY && isUtf8(bytes) ? bytes.toString() : bytes;
}
