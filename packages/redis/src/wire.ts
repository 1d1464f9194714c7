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
  #body: Buffer | undefined;
  #id: Buffer | undefined;
  #key: Buffer | undefined;
  #contentType: Buffer | undefined;
  /** Whether there is any field but the usual ones. */
  #more = false;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(native: RedisEntry, stream: string, feed: number, deliveries: number, leaseUntil: number) {
    this.native = native;
    this.#stream = stream;
    this.feed = feed;
    this.deliveries = deliveries;
    this.leaseUntil = leaseUntil;
    this.heldUntil = leaseUntil;
    const { fields } = native;
    for (let at = 0; at + 1 < fields.length; at += 2) {
      const [name, value] = [fields[at], fields[at + 1]];
      // Compared by their bytes: to make texts of all names would cost more than everything else here.
      const code =
        name?.length === 1 ? (name[0] ?? 0) : name?.length === 2 ? ((name[0] ?? 0) << 8) | (name[1] ?? 0) : 0;
      if (code === D) this.#body ??= value;
      else if (code === ID) this.#id ??= value;
      else if (code === K) this.#key ??= value;
      else if (code === CT) this.#contentType ??= value;
      else if (code !== TS) this.#more = true;
    }
  }

  /** Memory that nobody else writes to: ioredis makes a buffer for each reply, and never writes there again. */
  get body(): Uint8Array {
    return this.#body ?? NOTHING;
  }

  get id(): string | undefined {
    return this.#id?.toString() ?? this.native.id;
  }

  get contentType(): string | undefined {
    return this.#contentType?.toString();
  }

  get key(): string | undefined {
    return this.#key?.toString();
  }

  get type(): string | undefined {
    return this.#field("ty");
  }

  get correlationId(): string | undefined {
    return this.#field("cid");
  }

  get replyTo(): string | undefined {
    return this.#field("rt");
  }

  get sentAt(): number | undefined {
    const at = Number(this.#field("ts") ?? Number.parseInt(this.native.id, 10));
    return Number.isFinite(at) ? at : undefined;
  }

  get position(): string {
    return `${this.#stream} ${this.native.id}`;
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= this.#more ? textHeaders(this.native.fields) : NO_HEADERS;
    return this.#headers;
  }

  #field(name: string): string | undefined {
    const { fields } = this.native;
    const at = fields.findIndex((field, index) => index % 2 === 0 && field.equals(Buffer.from(name)));
    return at < 0 ? undefined : fields[at + 1]?.toString();
  }
}

const [D, K, ID, CT, TS] = [0x64, 0x6b, 0x6964, 0x6374, 0x7473];
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
