import { isUtf8 } from "node:buffer";
import type * as core from "@anybroker/core/driver";
import { changeHeaders, NO_HEADERS, OWN } from "@anybroker/core/driver";
import type { Message, Options } from "amqplib";

/** What is published with a body. amqplib leaves out what is undefined. */
export type Properties = { readonly [K in keyof Options.Publish]: Options.Publish[K] | undefined };

/** The properties of a message of ours. Its time loses the milliseconds: AMQP counts in seconds. */
export function toProperties(message: core.OutgoingMessage, mandatory: boolean, notBefore?: number): Properties {
  const { key, headers } = message;
  const plain = key === undefined && notBefore === undefined;
  return {
    mandatory,
    deliveryMode: 2,
    headers: plain ? headers : { ...headers, [OWN.key]: key, [OWN.notBefore]: notBefore?.toString() },
    messageId: message.id,
    timestamp: Math.floor(message.sentAt / 1_000),
    contentType: message.contentType,
    type: message.type,
    correlationId: message.correlationId,
    replyTo: message.replyTo,
    priority: message.priority,
  };
}

/** What the broker writes about a message's way: no part of the message. */
const BROKER_OWNED = /^x-(?:death|(?:first|last)-death-.*|delivery-count|acquired-count)$/;

/**
 * The properties of a copy: those of the original with changed headers, less what the broker owns, `expiration` (it
 * would leave a step of the ladder early), `CC` (the copy would reach further queues) and a `userId` that is not ours
 * (the server would refuse it).
 */
export function copyProperties(
  { properties }: Message,
  changes: core.HeaderChanges,
  user: string | undefined,
  notBefore: number | undefined,
): Properties {
  const headers = changeHeaders<unknown>(properties.headers, { ...changes, [OWN.notBefore]: notBefore?.toString() });
  for (const name of Object.keys(headers)) if (name === "CC" || BROKER_OWNED.test(name)) delete headers[name];
  const userId = properties.userId === user ? user : undefined;
  return { ...properties, headers, expiration: undefined, userId, mandatory: true };
}

/** One message as amqplib hands it over. */
export interface RabbitmqDelivery extends core.Delivery {
  readonly native: Message;
  /** What has become of it on the wire; kept here so that settling costs no look-up. */
  state: "open" | "held" | "gone" | "back";
}

/** Its body is a slice of what one read of the socket brought: amqplib never writes there again. */
export function deliveryOf(native: Message, queue: string): RabbitmqDelivery {
  const { properties, fields, content } = native;
  const { timestamp } = properties;
  const headers = textHeaders(properties.headers);
  // Quorum queues of some versions leave the count out while it is 0; classic queues never have it.
  const count: unknown = properties.headers?.["x-delivery-count"];
  return {
    state: "open",
    native,
    body: content,
    id: properties.messageId,
    contentType: properties.contentType,
    headers,
    key: headers[OWN.key],
    type: properties.type,
    correlationId: properties.correlationId,
    replyTo: properties.replyTo,
    sentAt: typeof timestamp === "number" ? timestamp * 1_000 : undefined,
    position: `${queue}#${fields.deliveryTag}`,
    deliveries: typeof count === "number" ? count : Number(fields.redelivered),
    leaseUntil: undefined,
  };
}

function textHeaders(headers: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, string>> {
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  const copy: Record<string, string> = Object.create(null);
  for (const name of names) if (!BROKER_OWNED.test(name)) copy[name] = textOf(headers[name]);
  return copy;
}

/** A header's value of any AMQP type as text; the same value gives the same text. */
export function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const plain = plainOf(value);
  return typeof plain === "string" ? plain : JSON.stringify(plain);
}

/** The value as JSON knows it: bytes as text, times in ISO form, decimals as numbers. */
function plainOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Buffer.isBuffer(value)) return isUtf8(value) ? value.toString("utf8") : `base64:${value.toString("base64")}`;
  if (Array.isArray(value)) return value.map(plainOf);
  // amqplib's form of the types that JavaScript has not. The cast is true enough: what does not fit gives text too.
  const { "!": type, value: inner } = value as { "!"?: unknown; value?: { places?: number; digits?: number } };
  const time = new Date(type === "timestamp" ? Number(inner) * 1_000 : Number.NaN);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  if (type === "decimal") return Number(inner?.digits) / 10 ** Number(inner?.places);
  return Object.fromEntries(Object.entries(value).map(([name, nested]) => [name, plainOf(nested)]));
}
