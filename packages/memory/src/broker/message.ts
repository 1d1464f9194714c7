import { changeHeaders, type HeaderChanges, NO_HEADERS, type RetryProgress } from "@anybroker/core/driver";

type Headers = Readonly<Record<string, string>>;

/** A message as the embedded broker stores it: `message.native` in a handler. */
export interface MemoryMessage {
  readonly id: string;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  readonly headers: Headers;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** 0 (lowest) to 9. */
  readonly priority: number;
  /** How much it counts toward `maxBytes`: its body, and the names and values of its headers. */
  readonly size: number;
}

/** A message as a test finds it in an instance. */
export interface MemorySentMessage extends MemoryMessage {
  /** The body, parsed as JSON; undefined if it is no JSON. */
  readonly json: unknown;
  /** When a delayed message or a retry is due, in milliseconds since 1970; undefined if it is not delayed. */
  readonly due: number | undefined;
}

/** A message in one queue or subscription. All copies of one publish share the same message. */
export interface Entry {
  readonly message: MemoryMessage;
  /** Its place in the order of arrival. */
  readonly seq: number;
  /** How often it was delivered, without deliveries that were released. */
  deliveries: number;
  /** How far it has come, when a consumer retries it in place. */
  progress?: RetryProgress | undefined;
}

/** The same message with changed headers. */
export function withHeaders(message: MemoryMessage, changes: HeaderChanges): MemoryMessage {
  const headers = frozenHeaders(changeHeaders(message.headers, changes));
  return { ...message, headers, size: sizeOf(message.body, headers) };
}

/** A frozen copy, so that all readers of the message can share it. */
export function frozenHeaders(headers: Headers): Headers {
  for (const _ in headers) return Object.freeze(Object.assign(Object.create(null), headers));
  return NO_HEADERS;
}

/** A copy for a test to look at. */
export function sentMessage(message: MemoryMessage, due: number | undefined): MemorySentMessage {
  const body = new Uint8Array(message.body);
  return { ...message, body, json: parsed(body), due };
}

function parsed(body: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(body));
  } catch {
    return undefined;
  }
}

/** How much a message counts toward `maxBytes`. */
export function sizeOf(body: Uint8Array, headers: Headers): number {
  let size = body.byteLength;
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0);
  return size;
}
