import { isUtf8 } from "node:buffer";
import type * as core from "@anybroker/core/driver";
import { changeHeaders, NO_HEADERS, OWN } from "@anybroker/core/driver";
import type { HeaderValue, KafkaRecord, NewRecord } from "./protocol/records.ts";

/** Headers for what Kafka has no place for, as other clients know them. */
const PROPERTIES = {
  id: "message-id",
  contentType: "content-type",
  type: "message-type",
  correlationId: "correlation-id",
  replyTo: "reply-to",
} as const;

/** Where a property is when the sender has a header of that name. */
const OTHER = "anybroker-";

/** When it was sent: a copy's own time is that of the copy, by which its step of the ladder goes. */
const SENT_AT = "anybroker-sent-at";

// The cast is true: these are the names of PROPERTIES.
const FIELDS = Object.entries(PROPERTIES) as readonly (readonly [keyof typeof PROPERTIES, string])[];
const OTHERS: ReadonlyMap<string, string> = new Map(FIELDS.map(([, name]) => [name, OTHER + name]));
const OURS: ReadonlySet<string> = new Set([SENT_AT, ...OTHERS.values()]);

/** The record of a message of ours. */
export function toRecord(message: core.OutgoingMessage, notBefore: number | undefined): NewRecord {
  const { body, headers: given } = message;
  const headers: Record<string, string> = { ...given };
  for (const [field, name] of FIELDS) {
    const value = message[field];
    // Without a property of its own, the sender's header would be taken for it.
    if (Object.hasOwn(given, name)) headers[OTHER + name] = value ?? "";
    else if (value !== undefined) headers[name] = value;
  }
  if (notBefore !== undefined) headers[OWN.notBefore] = String(notBefore);
  return { key: message.key ?? null, value: asBuffer(body), headers, timestamp: message.sentAt };
}

/** A copy of a record, made now: its bytes as they are, with changed headers. */
export function copyOf(
  record: KafkaRecord,
  changes: core.HeaderChanges,
  now: number,
  key: Buffer | null = record.key,
): NewRecord {
  const headers: Record<string, HeaderValue> = changeHeaders<HeaderValue>(record.headers, changes);
  headers[SENT_AT] ??= String(record.timestamp);
  // A header without a value is one that kafkajs cannot write.
  for (const [name, value] of Object.entries(headers)) if (value === null) headers[name] = "";
  return { key, value: record.value, headers, timestamp: Math.floor(now) };
}

/** One message as Kafka hands it over; what is in headers is read when asked. */
export class KafkaDelivery implements core.Delivery {
  readonly native: KafkaRecord;
  readonly deliveries: number;
  readonly leaseUntil = undefined;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(native: KafkaRecord, deliveries: number) {
    this.native = native;
    this.deliveries = deliveries;
  }

  get body(): Uint8Array {
    return this.native.value ?? EMPTY;
  }

  get id(): string | undefined {
    return this.#property("id") ?? this.position;
  }

  get contentType(): string | undefined {
    return this.#property("contentType");
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= textHeaders(this.native.headers);
    return this.#headers;
  }

  get key(): string | undefined {
    const { headers, key } = this.native;
    const original = headers[OWN.key];
    if (original !== undefined) return textOf(original);
    return key === null ? undefined : textOf(key);
  }

  get type(): string | undefined {
    return this.#property("type");
  }

  get correlationId(): string | undefined {
    return this.#property("correlationId");
  }

  get replyTo(): string | undefined {
    return this.#property("replyTo");
  }

  get sentAt(): number {
    const { headers, timestamp } = this.native;
    const sent = headers[SENT_AT];
    return sent === undefined ? timestamp : Number(textOf(sent));
  }

  get position(): string {
    const { topic, partition, offset } = this.native;
    return `${topic}/${partition}/${offset}`;
  }

  #property(field: keyof typeof PROPERTIES): string | undefined {
    const name = PROPERTIES[field];
    const { headers } = this.native;
    const value = headers[OTHERS.get(name) ?? name] ?? headers[name];
    return value === undefined || value === null || value.length === 0 ? undefined : textOf(value);
  }
}

const EMPTY = new Uint8Array(0);

/** The time before which a record is not to be handed out, if it says one. */
export function notBeforeOf({ headers }: KafkaRecord): number | undefined {
  const at = headers[OWN.notBefore];
  return at === undefined ? undefined : Number(textOf(at));
}

function textHeaders(headers: KafkaRecord["headers"]): Readonly<Record<string, string>> {
  let copy: Record<string, string> | undefined;
  for (const name of Object.keys(headers)) {
    const other = OTHERS.get(name);
    const property = other !== undefined && headers[other] === undefined;
    if (property || OURS.has(name)) continue;
    copy ??= Object.create(null) as Record<string, string>;
    copy[name] = textOf(headers[name] ?? null);
  }
  return copy ?? NO_HEADERS;
}

/** A header's value as text; of one that is there more than once, all as a JSON list. */
function textOf(value: HeaderValue): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (!Buffer.isBuffer(value)) return JSON.stringify(value.map((one) => textOf(one)));
  return isUtf8(value) ? value.toString("utf8") : `base64:${value.toString("base64")}`;
}

function asBuffer(body: Uint8Array): Buffer {
  return Buffer.isBuffer(body) ? body : Buffer.from(body.buffer, body.byteOffset, body.byteLength);
}
