import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { bufferOf, bytesAsText, changeHeaders, NO_HEADERS, OWN, OWN_PREFIX, readCount } from "@anybroker/core/driver";
import type { DeadLetterOptions, ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";

/** A message in the form of AMQP, which the SDK sends as it is. */
export type AmqpMessage = ServiceBusReceivedMessage["_rawAmqpMessage"];

/** The session of messages without a key. A reader with sessions never gets a message that has none. */
export const NO_KEY = "anybroker-no-key";

/** The id that the user gave, on a copy. Its own message id is another one: duplicate detection would drop the copy. */
const ID = "anybroker-id";
/** How often the message was released. The service counts each release as a delivery. */
const RELEASED = "anybroker-released";

/** Properties in which the service and this driver keep what is not part of the message. */
const INTERNAL = new Set([ID, RELEASED, "DeadLetterReason", "DeadLetterErrorDescription", "Diagnostic-Id"]);

const SCHEDULED = "x-opt-scheduled-enqueue-time";

/** A message that is sent. `keyed`: one without a key gets a session too, because a reader may have sessions. */
export function toAmqp(message: core.OutgoingMessage, keyed: boolean): AmqpMessage {
  const { key, headers, deliverAt } = message;
  const session = key ?? (keyed ? NO_KEY : undefined);
  return {
    body: bufferOf(message.body),
    bodyType: "data",
    properties: {
      messageId: message.id,
      creationTime: message.sentAt,
      ...(session === undefined ? {} : { groupId: session }),
      ...(message.contentType === undefined ? {} : { contentType: message.contentType }),
      ...(message.type === undefined ? {} : { subject: message.type }),
      ...(message.correlationId === undefined ? {} : { correlationId: message.correlationId }),
      ...(message.replyTo === undefined ? {} : { replyTo: message.replyTo }),
    },
    applicationProperties: key === NO_KEY ? { ...headers, [OWN.key]: key } : { ...headers },
    messageAnnotations: deliverAt === undefined ? {} : { [SCHEDULED]: new Date(deliverAt) },
  };
}

/** The session of a message that is sent. */
export function sessionOf({ properties }: AmqpMessage): string | undefined {
  return properties?.groupId;
}

/**
 * A copy of a received message with changed headers and a message id of its own. Annotations of the service are left out,
 * and a native time to live goes on.
 */
export function toCopy(
  native: ServiceBusReceivedMessage,
  changes: core.HeaderChanges,
  deliverAt: number | undefined,
): AmqpMessage {
  const raw = native._rawAmqpMessage;
  const own = { ...changes, [RELEASED]: undefined, DeadLetterReason: undefined, DeadLetterErrorDescription: undefined };
  const properties = changeHeaders<unknown>(native.applicationProperties, own);
  const id = idOf(native);
  if (id !== undefined) properties[ID] = id;
  const { timeToLive, deliveryCount: _, ...header } = raw.header ?? {};
  const rest = timeToLive === undefined ? undefined : Math.max(1, (native.expiresAtUtc?.getTime() ?? 0) - Date.now());
  const { absoluteExpiryTime: __, ...kept } = raw.properties ?? {};
  return {
    body: native.body,
    bodyType: raw.bodyType ?? "data",
    header: rest === undefined ? header : { ...header, timeToLive: rest },
    properties: { ...kept, messageId: randomUUID() },
    // The cast is true: the values came from the service, or are texts.
    applicationProperties: properties as NonNullable<AmqpMessage["applicationProperties"]>,
    messageAnnotations: deliverAt === undefined ? {} : { [SCHEDULED]: new Date(deliverAt) },
  };
}

interface DeadLetterProperties extends DeadLetterOptions {
  [name: string]: string;
}

/** The properties with which the service dead-letters the original itself. It can change properties, but remove none. */
export function deadLetterProperties(
  native: ServiceBusReceivedMessage,
  changes: core.HeaderChanges,
): DeadLetterProperties {
  const properties: DeadLetterProperties = {
    deadLetterReason: changes[OWN.deadReason] ?? "",
    deadLetterErrorDescription: changes[OWN.deadError] ?? "",
  };
  for (const [name, value] of Object.entries(changes)) {
    if (value !== undefined) properties[name] = value;
    // An empty value of ours is read as none.
    else if (native.applicationProperties?.[name] !== undefined) properties[name] = "";
  }
  return properties;
}

/** The property that leaves the next delivery out of the count. */
export function releaseProperties(native: ServiceBusReceivedMessage): Record<string, string> {
  return { [RELEASED]: String(releasesOf(native) + 1) };
}

function releasesOf({ applicationProperties }: ServiceBusReceivedMessage): number {
  const count = applicationProperties?.[RELEASED];
  return typeof count === "string" ? (readCount(count) ?? 0) : 0;
}

/** Something that has the lock of a message: a receiver of a queue, or a session. */
export interface Holder {
  readonly receiver: ServiceBusReceiver;
  /** When its lock ends, where one lock covers all of its messages, in milliseconds since 1970. */
  readonly session: { until: number } | undefined;
}

/** The fields of a message as the service has it, read when they are asked for. */
class MessageFields {
  readonly native: ServiceBusReceivedMessage;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(native: ServiceBusReceivedMessage) {
    this.native = native;
  }

  get body(): Uint8Array {
    return bytesOf(this.native.body);
  }
  get id(): string | undefined {
    return idOf(this.native);
  }
  get contentType(): string | undefined {
    return this.native.contentType;
  }
  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= textHeaders(this.native);
    return this.#headers;
  }
  get key(): string | undefined {
    const { sessionId } = this.native;
    return sessionId === undefined || sessionId === NO_KEY ? this.headers[OWN.key] : sessionId;
  }
  get type(): string | undefined {
    return this.native.subject;
  }
  get correlationId(): string | undefined {
    const { correlationId } = this.native;
    return correlationId === undefined ? undefined : textOf(correlationId);
  }
  get replyTo(): string | undefined {
    return this.native.replyTo;
  }
  get sentAt(): number | undefined {
    return this.native._rawAmqpMessage.properties?.creationTime ?? this.native.enqueuedTimeUtc?.getTime();
  }
  get position(): string {
    return sequenceOf(this.native);
  }
  get deliveries(): number {
    return Math.max(0, (this.native.deliveryCount ?? 0) - releasesOf(this.native));
  }
}

/** A message as the service delivered it. */
export class ServicebusDelivery extends MessageFields implements core.Delivery, core.Slotted {
  slot = -1;
  readonly holder: Holder;
  /** When its lock ends, renewals included, in milliseconds since 1970. */
  heldUntil: number;
  /**
   * - `held`: it is still to be settled.
   * - `returned`: it went back together with its session.
   * - `gone`: it is settled, or lost.
   */
  state: "held" | "returned" | "gone" = "held";
  /** Grants the service another message in place of this one. */
  readonly free: () => void;

  constructor(native: ServiceBusReceivedMessage, holder: Holder, heldUntil: number, free: () => void) {
    super(native);
    this.holder = holder;
    this.heldUntil = heldUntil;
    this.free = free;
  }

  get leaseUntil(): number {
    return this.holder.session?.until ?? this.heldUntil;
  }
  /**
   * The message for the SDK to settle. After the link that it came from has ended, the SDK settles only messages without a
   * session, so it does not see the session where the lock is that of the message.
   */
  get locked(): ServiceBusReceivedMessage {
    if (this.holder.session !== undefined || this.native.sessionId === undefined) return this.native;
    return Object.create(this.native, { sessionId: { value: undefined } });
  }
}

/** A dead letter. Its sequence number names it. */
export class ServicebusDeadLetter extends MessageFields implements core.DeadLetterEntry {
  readonly leaseUntil = undefined;

  get deadLetterId(): string {
    return this.position;
  }
}

export function sequenceOf({ sequenceNumber }: ServiceBusReceivedMessage): string {
  return String(sequenceNumber ?? "");
}

/**
 * A name that a message has at each delivery. Sequence numbers begin anew in an entity that is created again, and then the
 * time is another one.
 */
export function identityOf({ native }: ServicebusDelivery): string {
  return `${sequenceOf(native)}@${native.enqueuedTimeUtc?.getTime() ?? ""}`;
}

function idOf({ applicationProperties, messageId }: ServiceBusReceivedMessage): string | undefined {
  const own = applicationProperties?.[ID];
  if (typeof own === "string" && own !== "") return own;
  if (typeof messageId === "number") return String(messageId);
  return typeof messageId === "string" && messageId !== "" ? messageId : undefined;
}

/** The bytes of a body. The bodies of other programs may be AMQP values, which have no bytes of their own. */
function bytesOf(body: unknown): Uint8Array {
  if (body instanceof Uint8Array) return body;
  if (Array.isArray(body) && body.every((part) => part instanceof Uint8Array)) return Buffer.concat(body);
  if (body === undefined || body === null) return new Uint8Array();
  return Buffer.from(textOf(body));
}

function textHeaders(native: ServiceBusReceivedMessage): Readonly<Record<string, string>> {
  const { applicationProperties = {}, deadLetterReason } = native;
  const texts: Record<string, string> = Object.create(null);
  let isEmpty = true;
  for (const [name, value] of Object.entries(applicationProperties)) {
    if (INTERNAL.has(name) || isForeign(name, value)) continue;
    texts[name] = textOf(value);
    isEmpty = false;
  }
  // The service itself has dead-lettered the message.
  if (typeof deadLetterReason === "string" && texts[OWN.deadReason] === undefined) {
    texts[OWN.deadReason] = deadLetterReason;
    isEmpty = false;
  }
  return isEmpty ? NO_HEADERS : texts;
}

/** Whether a property has the name of one of ours, but is not as we write it. */
function isForeign(name: string, value: unknown): boolean {
  return name.startsWith(OWN_PREFIX) && (typeof value !== "string" || value === "");
}

/** A value of any AMQP type as text. Equal values have equal texts. */
function textOf(value: unknown): string {
  const plain = plainOf(value);
  return typeof plain === "object" && plain !== null ? JSON.stringify(plain) : String(plain);
}

function plainOf(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  if (value instanceof Uint8Array) return bytesAsText(bufferOf(value));
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? String(value) : value.toISOString();
  if (Array.isArray(value)) return value.map(plainOf);
  return Object.fromEntries(Object.entries(value).map(([name, nested]) => [name, plainOf(nested)]));
}
