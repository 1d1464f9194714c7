import type { DeadLetterEntry, Delivery, OutgoingMessage, RetryProgress } from "@anybroker/core/driver";
import { MemoryError } from "./broker/memory-error.ts";
import { type Entry, frozenHeaders, type MemoryMessage, sizeOf } from "./broker/message.ts";
import { capabilities } from "./capabilities.ts";

const DEFAULT_PRIORITY = 4;

/** Copies a message that is sent, so that later changes by the sender have no effect. */
export function copyIn(message: OutgoingMessage): MemoryMessage {
  const { body } = message;
  const limit = capabilities.limits.body;
  if (body.byteLength > limit) {
    throw new MemoryError("too-large", `a body of ${body.byteLength} bytes; at most ${limit} are allowed`);
  }
  const headers = frozenHeaders(message.headers);
  return {
    id: message.id,
    body: new Uint8Array(body),
    contentType: message.contentType,
    headers,
    key: message.key,
    type: message.type,
    correlationId: message.correlationId,
    replyTo: message.replyTo,
    sentAt: message.sentAt,
    priority: message.priority ?? DEFAULT_PRIORITY,
    size: sizeOf(body, headers),
  };
}

/** A delivery. Its body is copied when it is first read, so that no handler can change what is stored. */
export class MemoryDelivery implements Delivery {
  readonly entry: Entry;
  readonly deliveries: number;
  leaseUntil: number | undefined;
  readonly #source: string;
  #body: Uint8Array | undefined;
  #native: MemoryMessage | undefined;

  constructor(entry: Entry, source: string, deliveries: number, leaseUntil: number | undefined) {
    this.entry = entry;
    this.deliveries = deliveries;
    this.leaseUntil = leaseUntil;
    this.#source = source;
  }

  get body(): Uint8Array {
    this.#body ??= new Uint8Array(this.entry.message.body);
    return this.#body;
  }
  get id(): string {
    return this.entry.message.id;
  }
  get contentType(): string | undefined {
    return this.entry.message.contentType;
  }
  get headers(): Readonly<Record<string, string>> {
    return this.entry.message.headers;
  }
  get key(): string | undefined {
    return this.entry.message.key;
  }
  get type(): string | undefined {
    return this.entry.message.type;
  }
  get correlationId(): string | undefined {
    return this.entry.message.correlationId;
  }
  get replyTo(): string | undefined {
    return this.entry.message.replyTo;
  }
  get sentAt(): number {
    return this.entry.message.sentAt;
  }
  get position(): string {
    return `${this.#source}/${this.entry.seq}`;
  }
  get progress(): RetryProgress | undefined {
    return this.entry.progress;
  }
  get native(): MemoryMessage {
    this.#native ??= { ...this.entry.message, body: this.body };
    return this.#native;
  }
}

/** A dead letter, whose id is its number. */
export function deadLetterOf(number: number, entry: Entry, source: string): DeadLetterEntry {
  const delivery = new MemoryDelivery(entry, source, entry.deliveries, undefined);
  return Object.assign(delivery, { deadLetterId: String(number) });
}
