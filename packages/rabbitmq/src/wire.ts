import { createHash } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { bytesAsText, changeHeaders, NO_HEADERS, OWN, OWN_PREFIX } from "@anybroker/core/driver";
import type { Message, Options } from "amqplib";

/** The properties of a published message. amqplib leaves out a property that is undefined. */
export type Properties = { readonly [K in keyof Options.Publish]: Options.Publish[K] | undefined };

/** The properties of a message that is sent. AMQP counts time in seconds, so `sentAt` loses its milliseconds. */
export function toProperties(message: core.OutgoingMessage, mandatory: boolean): Properties {
  const { key, headers } = message;
  return {
    mandatory,
    deliveryMode: 2,
    headers: key === undefined ? headers : { ...headers, [OWN.key]: key },
    messageId: message.id,
    timestamp: Math.floor(message.sentAt / 1_000),
    contentType: message.contentType,
    type: message.type,
    correlationId: message.correlationId,
    replyTo: message.replyTo,
    priority: message.priority,
  };
}

/** Headers in which the server records a message's way. They are not part of the message. */
const SERVER_HEADER = /^x-(?:death|(?:first|last)-death-.*|delivery-count|acquired-count)$/;

/**
 * The properties of a copy: those of the original with changed headers. Left out are the server's own headers,
 * `expiration` (the copy would leave a delay step early), `CC` (the copy would reach other queues) and a `userId` other
 * than the driver's `user` (the server would refuse it).
 */
export function copyProperties(
  { properties }: Message,
  changes: core.HeaderChanges,
  user: string | undefined,
): Properties {
  const headers = changeHeaders<unknown>(properties.headers, changes);
  for (const name of Object.keys(headers)) {
    if (name === "CC" || SERVER_HEADER.test(name)) delete headers[name];
  }
  return {
    ...properties,
    headers,
    expiration: undefined,
    userId: properties.userId === user ? user : undefined,
    mandatory: true,
  };
}

/** A message as the server delivered it. */
export interface RabbitmqDelivery extends core.Delivery {
  readonly native: Message;
  /**
   * How far its settlement is; kept here so that settling takes no look-up.
   * - `unsettled`: it is still to be settled.
   * - `acked`: settled, but the ack is not written yet.
   * - `finished`: the settlement is written, or the delivery is lost.
   * - `returned`: it went back to its queue together with the consumer's place.
   */
  state: "unsettled" | "acked" | "finished" | "returned";
}

/** The body is a slice of what one read of the socket returned. amqplib never writes to that memory again. */
export function deliveryOf(native: Message, queue: string): RabbitmqDelivery {
  const { properties, fields, content } = native;
  const { timestamp } = properties;
  const headers = textHeaders(properties.headers);
  // Quorum queues of some versions leave the count out while it is 0: then one may have come with the message. Classic
  // queues never have it.
  const count: unknown = fields.redelivered ? properties.headers?.["x-delivery-count"] : 0;
  return {
    state: "unsettled",
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

/**
 * A name that a message has at each delivery: its id, with a digest of everything else of it, since two messages may have
 * one id. RabbitMQ itself has no name for a message, so one without an id has none.
 */
export function identityOf({ native }: RabbitmqDelivery): string | undefined {
  const { properties, content } = native;
  const { messageId } = properties;
  if (typeof messageId !== "string" || messageId === "") return undefined;
  const headers = Object.entries(properties.headers ?? {}).filter(([name]) => !SERVER_HEADER.test(name));
  const otherFields = JSON.stringify([{ ...properties, headers: undefined }, headers]);
  return `${messageId}/${createHash("sha1").update(otherFields).update(content).digest("base64url")}`;
}

function textHeaders(headers: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, string>> {
  const names = Object.keys(headers);
  if (names.length === 0) return NO_HEADERS;
  const texts: Record<string, string> = Object.create(null);
  for (const name of names) {
    if (!SERVER_HEADER.test(name) && !isForeign(name, headers[name])) texts[name] = textOf(headers[name]);
  }
  return texts;
}

/** Whether a header has a name of ours and is not of the type in which we write it. */
function isForeign(name: string, value: unknown): boolean {
  return typeof value !== "string" && name.startsWith(OWN_PREFIX);
}

/** A header's value, of any AMQP type, as text. Equal values have equal texts. */
export function textOf(value: unknown): string {
  if (typeof value !== "object" || value === null) return String(value);
  const plain = plainOf(value);
  return typeof plain === "string" ? plain : JSON.stringify(plain);
}

/** The value with JSON's types only: bytes as text, times in ISO form, decimals as numbers. */
function plainOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (Buffer.isBuffer(value)) return bytesAsText(value);
  if (Array.isArray(value)) return value.map(plainOf);
  // amqplib's form of types that JavaScript does not have. The cast is safe: an object of any other form is read as well.
  const { "!": type, value: inner } = value as { "!"?: unknown; value?: { places?: number; digits?: number } };
  const time = new Date(type === "timestamp" ? Number(inner) * 1_000 : Number.NaN);
  if (!Number.isNaN(time.getTime())) return time.toISOString();
  if (type === "decimal") return Number(inner?.digits) / 10 ** Number(inner?.places);
  return Object.fromEntries(Object.entries(value).map(([name, nested]) => [name, plainOf(nested)]));
}
