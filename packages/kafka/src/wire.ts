import type * as core from "@anybroker/core/driver";
import { bufferOf, bytesAsText, changeHeaders, NO_HEADERS, OWN, OWN_PREFIX, readTime } from "@anybroker/core/driver";
import type { HeaderValue, KafkaRecord, NewRecord } from "./protocol/records.ts";

/** The headers of properties for which Kafka has no field. Other clients use these names too. */
const PROPERTY_HEADERS = {
  id: "message-id",
  contentType: "content-type",
  type: "message-type",
  correlationId: "correlation-id",
  replyTo: "reply-to",
} as const;

type Property = keyof typeof PROPERTY_HEADERS;

/**
 * The time of the first send. A copy needs it, because its timestamp is that of the copy, from which its delay counts.
 */
const SENT_AT = "anybroker-sent-at";

// The cast is true: these are the entries of PROPERTY_HEADERS.
const PROPERTIES = Object.entries(PROPERTY_HEADERS) as readonly (readonly [Property, string])[];

/** The header that has a property instead, when the sender's own headers have one of its usual name. By that name. */
const FALLBACK_HEADERS: ReadonlyMap<string, string> = new Map(
  PROPERTIES.map(([, header]) => [header, `anybroker-${header}`]),
);

/** Headers that are not the sender's. */
const RESERVED_HEADERS: ReadonlySet<string> = new Set([SENT_AT, ...FALLBACK_HEADERS.values()]);

const EMPTY_BODY = new Uint8Array(0);

/** The record of a message. */
export function toRecord(message: core.OutgoingMessage): NewRecord {
  const headers: Record<string, string> = { ...message.headers };
  for (const [property, header] of PROPERTIES) {
    const value = message[property];
    if (Object.hasOwn(message.headers, header)) {
      // Even without a value: otherwise the sender's header would be taken for the property.
      headers[FALLBACK_HEADERS.get(header) ?? header] = value ?? "";
    } else if (value !== undefined) {
      headers[header] = value;
    }
  }
  return { key: message.key ?? null, value: bufferOf(message.body), headers, timestamp: message.sentAt };
}

/** A copy of a record, made now, with changed headers. Everything else keeps its exact bytes. */
export function copyOf(
  record: KafkaRecord,
  changes: core.HeaderChanges,
  now: number,
  key: Buffer | null = record.key,
): NewRecord {
  const headers: Record<string, HeaderValue> = changeHeaders<HeaderValue>(record.headers, changes);
  headers[SENT_AT] = String(sentAtOf(record));
  // kafkajs cannot write a header without a value.
  for (const [name, value] of Object.entries(headers)) if (value === null) headers[name] = "";
  return { key, value: record.value, headers, timestamp: Math.floor(now) };
}

/** A record as a delivery. Headers are decoded when they are asked for. */
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
    return this.native.value ?? EMPTY_BODY;
  }

  get id(): string | undefined {
    return this.#property("id") ?? this.position;
  }

  get contentType(): string | undefined {
    return this.#property("contentType");
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= decodeHeaders(this.native.headers);
    return this.#headers;
  }

  get key(): string | undefined {
    const { key } = this.native;
    return key === null ? undefined : headerText(key);
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
    return sentAtOf(this.native);
  }

  get position(): string {
    const { topic, partition, offset } = this.native;
    return `${topic}/${partition}/${offset}`;
  }

  #property(property: Property): string | undefined {
    const { headers } = this.native;
    const value = headers[headerOf(headers, PROPERTY_HEADERS[property])];
    return value === undefined || value === null || value.length === 0 ? undefined : headerText(value);
  }
}

/** The time before which a record must not be delivered, if it has one, in ms since 1970. */
export function notBeforeOf({ headers }: KafkaRecord): number | undefined {
  return timeOf(headers[OWN.notBefore]);
}

function sentAtOf({ headers, timestamp }: KafkaRecord): number {
  return timeOf(headers[SENT_AT]) ?? timestamp;
}

/** The time in a header of ours; undefined when another program wrote it. */
function timeOf(value: HeaderValue | undefined): number | undefined {
  return isSingle(value) ? readTime(headerText(value)) : undefined;
}

/** The header that has a property, by the property's usual one. Beside that alone we write the other one. */
function headerOf(headers: KafkaRecord["headers"], usual: string): string {
  const fallback = FALLBACK_HEADERS.get(usual) ?? usual;
  return headers[usual] !== undefined && isSingle(headers[fallback]) ? fallback : usual;
}

/** Whether the name occurs once. We never repeat one. */
function isSingle(value: HeaderValue | undefined): value is Buffer | string | null {
  return value !== undefined && !Array.isArray(value);
}

function decodeHeaders(headers: KafkaRecord["headers"]): Readonly<Record<string, string>> {
  let decoded: Record<string, string> | undefined;
  for (const name of Object.keys(headers)) {
    const isProperty = FALLBACK_HEADERS.has(name) && headerOf(headers, name) === name;
    const isForeign = name.startsWith(OWN_PREFIX) && !isSingle(headers[name]);
    if (isProperty || isForeign || RESERVED_HEADERS.has(name)) continue;
    // The cast is true: an object without a prototype has no keys yet.
    decoded ??= Object.create(null) as Record<string, string>;
    decoded[name] = headerText(headers[name] ?? null);
  }
  return decoded ?? NO_HEADERS;
}

/** A header's value as text. All values of a name that occurs more than once are a JSON list. */
function headerText(value: HeaderValue): string {
  if (value === null) return "";
  if (typeof value === "string") return value;
  if (!Buffer.isBuffer(value)) return JSON.stringify(value.map((one) => headerText(one)));
  return bytesAsText(value);
}
