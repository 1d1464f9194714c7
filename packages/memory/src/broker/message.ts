import { changeHeaders, type HeaderChanges, NO_HEADERS } from "@anybroker/core/driver";

type Headers = Readonly<Record<string, string>>;

/** A message as the embedded broker keeps it: `message.native` in a handler. */
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
  /** What it counts for under `maxBytes`: its body, and the names and values of its headers. */
  readonly size: number;
}

/** A message in one queue or subscription. Several may share what was published once. */
export interface Entry {
  readonly message: MemoryMessage;
  /** Its place: the order of arrival. */
  readonly seq: number;
  /** Hand-overs so far that were not taken back by a release. */
  deliveries: number;
}

/** The same message with other headers of ours. */
export function withHeaders(message: MemoryMessage, changes: HeaderChanges): MemoryMessage {
  const headers = keepHeaders(changeHeaders(message.headers, changes));
  return { ...message, headers, size: sizeOf(message.body, headers) };
}

/** A copy that nobody can change, so that all who read the message may share it. */
export function keepHeaders(headers: Headers): Headers {
  for (const _ in headers) return Object.freeze(Object.assign(Object.create(null), headers));
  return NO_HEADERS;
}

/** What a message counts for under `maxBytes`. */
export function sizeOf(body: Uint8Array, headers: Headers): number {
  let size = body.byteLength;
  for (const name in headers) size += name.length + (headers[name]?.length ?? 0);
  return size;
}
