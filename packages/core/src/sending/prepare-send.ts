import { DEFAULTS } from "../api/defaults.ts";
import type { SendOptions } from "../api/sending.ts";
import { checkKeys, checkSignal, integer, show } from "../base/check.ts";
import { BrokerError } from "../base/errors.ts";
import type { BodyFormat } from "../body/format.ts";
import { type Destination, describeEntity } from "../contract/entities.ts";
import { checkHeaders, NO_HEADERS, OWN, utf8Length } from "../contract/headers.ts";
import type { OutgoingMessage } from "../contract/message.ts";
import type { Connection } from "../link/connection.ts";
import { checkPrintable } from "./id.ts";

const KEYS = "id key headers type delay deliverAt ttl priority correlationId replyTo signal timeout".split(" ");
const DAY = 86_400_000;
const CENTURY = 36_525 * DAY;

/** A checked send: its message, which still lacks the body, its deadline and its signal. */
export interface Prepared {
  readonly message: OutgoingMessage & { body: Uint8Array; headers: OutgoingMessage["headers"] };
  readonly deadline: number;
  readonly signal: AbortSignal | undefined;
}

/** Shared settings of the sends to one destination. */
export interface SendContext {
  readonly connection: Connection;
  readonly destination: Destination;
  readonly format: BodyFormat;
  readonly nextId: () => string;
  readonly inject: (headers: Record<string, string>) => Readonly<Record<string, string>>;
}

const NONE: SendOptions = {};
const NO_BODY = new Uint8Array();

/** Checks the options of a send, and fixes its times. Throws the error that the send rejects with. */
export function prepareSend(context: SendContext, options: SendOptions = NONE): Prepared {
  if (options !== NONE) check(context, options);
  const { connection, destination, format } = context;
  // Headers have whole milliseconds.
  const now = Math.ceil(connection.context.clock.now());
  const deliverAt = deliverTime(context, options, now);
  if (destination.kind === "queue" && destination.ordered && options.key === undefined) {
    throw new TypeError(`queue ${destination.name} is ordered: each message needs a key`);
  }
  return {
    message: {
      id: options.id ?? context.nextId(),
      body: NO_BODY,
      contentType: format.contentType,
      headers: allHeaders(context, options, now, deliverAt),
      key: options.key,
      type: options.type,
      correlationId: options.correlationId,
      replyTo: options.replyTo,
      sentAt: now,
      deliverAt,
      priority: options.priority as number | undefined,
    },
    deadline: now + (options.timeout ?? DEFAULTS.sendTimeout),
    signal: options.signal,
  };
}

/** Throws `TOO_LARGE` if the body exceeds the broker's limit. */
export function checkSize(context: SendContext, body: Uint8Array): void {
  const limit = context.connection.capabilities.limits.body;
  if (body.length <= limit) return;
  const { kind, name } = context.destination;
  throw new BrokerError(
    "TOO_LARGE",
    `${kind} ${name}: the body has ${body.length} bytes; at most ${limit} are allowed`,
  );
}

function check(context: SendContext, options: SendOptions): void {
  checkKeys("send", options, KEYS);
  const what = describeEntity(context.destination);
  const { id, key, type, correlationId, replyTo, signal, timeout } = options;
  if (id !== undefined) checkPrintable("id", id);
  for (const [name, value] of Object.entries({ key, type, correlationId, replyTo })) {
    const fits = typeof value === "string" && value !== "" && value.isWellFormed() && utf8Length(value) <= 128;
    if (value !== undefined && !fits) {
      throw new TypeError(`${name} must be a well-formed string of 1 to 128 bytes, not ${show(value)}`);
    }
  }
  integer("timeout", timeout, 0, 1, DAY);
  checkSignal("send", signal);
  // The casts are true: the types only exclude these options for drivers without the feature.
  if (options.priority !== undefined) context.connection.requireFeature("priority", `${what}: priority`);
  integer("priority", options.priority as number | undefined, 0, 0, 9);
  if (options.ttl !== undefined) context.connection.requireFeature("ttl", `${what}: ttl`);
  integer("ttl", options.ttl as number | undefined, 0, 1, CENTURY);
}

function deliverTime(context: SendContext, options: SendOptions, now: number): number | undefined {
  const { delay, deliverAt } = options as { delay?: number; deliverAt?: Date };
  if (delay === undefined && deliverAt === undefined) return undefined;
  const { connection, destination } = context;
  const isQueue = destination.kind === "queue";
  connection.requireFeature(isQueue ? "delay.send" : "delay.publish", `${describeEntity(destination)}: a delay`);
  if (delay !== undefined && deliverAt !== undefined) throw new TypeError("delay and deliverAt cannot be combined");
  integer("delay", delay, 0, 0, CENTURY);
  if (deliverAt !== undefined && !(deliverAt instanceof Date && !Number.isNaN(deliverAt.getTime()))) {
    throw new TypeError(`deliverAt must be a valid Date, not ${show(deliverAt)}`);
  }
  const wait = delay ?? (deliverAt?.getTime() ?? now) - now;
  const { limits } = connection.capabilities;
  const longest = isQueue ? limits.delay : limits.publishDelay;
  if (wait <= longest) return wait > 0 ? now + wait : undefined;
  throw new BrokerError(
    "UNSUPPORTED",
    `${describeEntity(destination)}: a delay of ${wait} ms; at most ${longest} ms are supported`,
  );
}

function allHeaders(
  context: SendContext,
  options: SendOptions,
  now: number,
  deliverAt: number | undefined,
): Readonly<Record<string, string>> {
  const { capabilities } = context.connection;
  const own = options.headers === undefined ? NO_HEADERS : checkHeaders(options.headers, capabilities.limits);
  if (options.ttl === undefined && deliverAt === undefined) return own;
  const headers: Record<string, string> = { ...own };
  if (options.ttl !== undefined) headers[OWN.expiresAt] = String(now + (options.ttl as number));
  const feature = context.destination.kind === "queue" ? "delay.send" : "delay.publish";
  // An emulated delay may deliver the message early. This header lets the consumer find out.
  if (deliverAt !== undefined && capabilities[feature] === "emulated") headers[OWN.notBefore] = String(deliverAt);
  return headers;
}
