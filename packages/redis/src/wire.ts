import { isUtf8 } from "node:buffer";
import type * as core from "@anybroker/core/driver";
import { NO_HEADERS } from "@anybroker/core/driver";

/** An entry of a stream: its id, and its fields and their values in turn. */
export interface RedisEntry {
  readonly id: string;
  readonly fields: readonly Buffer[];
}

/** A text or bytes, as one field or value. */
type Text = string | Uint8Array;

/** What the fields of headers begin with, so that no header can be taken for a property. */
const HEADER = "h.";

/** The fields of a message of ours. */
export function toFields(message: core.OutgoingMessage): Text[] {
  const { key, type, contentType, correlationId, replyTo, headers } = message;
  const fields: Text[] = ["d", message.body, "id", message.id, "ts", String(message.sentAt)];
  if (contentType !== undefined) fields.push("ct", contentType);
  if (key !== undefined) fields.push("k", key);
  if (type !== undefined) fields.push("ty", type);
  if (correlationId !== undefined) fields.push("cid", correlationId);
  if (replyTo !== undefined) fields.push("rt", replyTo);
  for (const name of Object.keys(headers)) fields.push(HEADER + name, headers[name] ?? "");
  return fields;
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

/** One entry as it was handed over; headers are read when asked. */
export class RedisDelivery implements core.Delivery {
  readonly native: RedisEntry;
  readonly deliveries: number;
  readonly leaseUntil: number;
  /** The place of its stream among those of its source. */
  readonly feed: number;
  readonly #stream: string;
  #body: Buffer | undefined;
  #headers: Readonly<Record<string, string>> | undefined;
  readonly #own: Record<string, string | undefined> = {};

  constructor(native: RedisEntry, stream: string, feed: number, deliveries: number, leaseUntil: number) {
    this.native = native;
    this.#stream = stream;
    this.feed = feed;
    this.deliveries = deliveries;
    this.leaseUntil = leaseUntil;
    const { fields } = native;
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [name, value] = [fields[at], fields[at + 1]];
      if (name === undefined || value === undefined || name.length > 3 || name[1] === 0x2e) continue;
      if (name.length === 1 && name[0] === 0x64) this.#body ??= value;
      else this.#own[name.toString("latin1")] ??= value.toString();
    }
  }

  /** Memory that nobody else writes to: ioredis makes a buffer for each reply, and never writes there again. */
  get body(): Uint8Array {
    return this.#body ?? NOTHING;
  }

  get id(): string | undefined {
    return this.#own.id ?? this.native.id;
  }

  get contentType(): string | undefined {
    return this.#own.ct;
  }

  get key(): string | undefined {
    return this.#own.k;
  }

  get type(): string | undefined {
    return this.#own.ty;
  }

  get correlationId(): string | undefined {
    return this.#own.cid;
  }

  get replyTo(): string | undefined {
    return this.#own.rt;
  }

  get sentAt(): number | undefined {
    const at = Number(this.#own.ts ?? Number.parseInt(this.native.id, 10));
    return Number.isFinite(at) ? at : undefined;
  }

  get position(): string {
    return `${this.#stream} ${this.native.id}`;
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= textHeaders(this.native.fields);
    return this.#headers;
  }
}

const NOTHING = new Uint8Array();

const PROPERTIES: ReadonlySet<string> = new Set(["d", "id", "ts", "ct", "k", "ty", "cid", "rt"]);

/** Fields that are no property are headers, with our prefix or, as other programs write them, without. */
function textHeaders(fields: readonly Buffer[]): Readonly<Record<string, string>> {
  let all: Record<string, string[]> | undefined;
  for (let at = 0; at + 1 < fields.length; at += 2) {
    const field = String(fields[at]);
    if (PROPERTIES.has(field)) continue;
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

/** Lists of texts as one argument in MessagePack, which scripts can read: one such costs far less than many arguments. */
export function pack(lists: readonly (readonly Text[])[]): Buffer {
  let size = 5;
  for (const list of lists) {
    size += 5;
    for (const text of list) size += 5 + (typeof text === "string" ? text.length * 3 : text.length);
  }
  const packer = new Packer(size);
  packer.head(0xdd, lists.length);
  for (const list of lists) packer.list(list);
  return packer.done();
}

/** One such list. */
export function packOne(list: readonly Text[]): Buffer {
  const packer = new Packer(list.reduce((sum, text) => sum + 5 + text.length * 3, 5));
  packer.list(list);
  return packer.done();
}

class Packer {
  readonly #buffer: Buffer;
  #at = 0;

  constructor(size: number) {
    this.#buffer = Buffer.allocUnsafe(size);
  }

  list(list: readonly Text[]): void {
    this.head(0xdd, list.length);
    for (const text of list) this.#text(text);
  }

  /** A type, and a length of four bytes. */
  head(type: number, length: number): void {
    this.#buffer[this.#at] = type;
    this.#buffer.writeUInt32BE(length, this.#at + 1);
    this.#at += 5;
  }

  done(): Buffer {
    return this.#buffer.subarray(0, this.#at);
  }

  #text(text: Text): void {
    const from = this.#at + 5;
    if (typeof text !== "string") this.#buffer.set(text, from);
    const length = typeof text === "string" ? this.#buffer.write(text, from) : text.length;
    this.head(0xdb, length);
    this.#at += length;
  }
}
