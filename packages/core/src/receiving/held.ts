import { inspect } from "node:util";
import type { Message, MessageSource } from "../api/message.ts";
import { NO_HEADERS, OWN, OWN_PREFIX } from "../contract/headers.ts";
import type { Delivery } from "../contract/message.ts";
import type { Run } from "./dispatcher.ts";
import type { Life } from "./life.ts";

/** What a message in a handler's hands can ask for. */
export interface Verbs {
  ack(held: Held): Promise<boolean>;
  retry(held: Held, delay: number | undefined): Promise<boolean>;
  deadLetter(held: Held, reason: string): Promise<boolean>;
}

/** A delivery that we hold: what its handler sees of it, and where it stands. */
export class Held implements Message {
  readonly delivery: Delivery;
  readonly life: Life;
  readonly #verbs: Verbs;
  /** Failures before this hand-over. */
  failures: number;
  /** `waiting` for a handler, in a handler's hands, `resting` until it is tried again here, settled or lost. */
  state: "waiting" | "running" | "resting" | "settled" | "lost" = "waiting";
  /** The run of a handler it is in. */
  run: Run | undefined;
  leaseUntil: number | undefined;
  /** Its place among all that its life holds. */
  slot: number = -1;
  value: unknown;
  #abort: AbortController | undefined;
  #bytes: Uint8Array | undefined;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(delivery: Delivery, life: Life, verbs: Verbs, failures: number) {
    this.delivery = delivery;
    this.life = life;
    this.#verbs = verbs;
    this.failures = failures;
    this.leaseUntil = delivery.leaseUntil;
  }

  get body(): unknown {
    return this.value;
  }

  get bytes(): Uint8Array {
    // A copy: should the handler write into it, a retry still carries what was sent.
    this.#bytes ??= Uint8Array.from(this.delivery.body);
    return this.#bytes;
  }

  get id(): string | undefined {
    return this.delivery.id;
  }

  get key(): string | undefined {
    return this.delivery.key;
  }

  get headers(): Readonly<Record<string, string>> {
    this.#headers ??= withoutOwn(this.delivery.headers);
    return this.#headers;
  }

  get type(): string | undefined {
    return this.delivery.type;
  }

  get contentType(): string | undefined {
    return this.delivery.contentType;
  }

  get correlationId(): string | undefined {
    return this.delivery.correlationId;
  }

  get replyTo(): string | undefined {
    return this.delivery.replyTo;
  }

  get sentAt(): Date | undefined {
    const at = this.delivery.sentAt;
    return at === undefined ? undefined : new Date(at);
  }

  get attempt(): number {
    return this.failures + 1;
  }

  get redelivered(): boolean {
    return this.failures > 0 || (this.delivery.deliveries ?? 0) > 0;
  }

  get source(): MessageSource {
    return this.life.messageSource;
  }

  get position(): string {
    return this.delivery.position;
  }

  get native(): unknown {
    return this.delivery.native;
  }

  get signal(): AbortSignal {
    this.#abort ??= new AbortController();
    return this.#abort.signal;
  }

  ack(): Promise<boolean> {
    return this.#verbs.ack(this);
  }

  retry(options: { readonly delay?: number } = {}): Promise<boolean> {
    return this.#verbs.retry(this, options.delay);
  }

  deadLetter(reason: string): Promise<boolean> {
    return this.#verbs.deadLetter(this, reason);
  }

  /** Tells the handler to go no further. */
  abort(reason: Error): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** A handler gets it again: with a signal of its own. */
  again(): void {
    this.state = "waiting";
    this.#abort = undefined;
  }
}

// What `console.log` shows is what the sender sent, not our bookkeeping.
Object.defineProperty(Held.prototype, inspect.custom, {
  value(this: Held): unknown {
    const { id, key, type, headers, attempt, source, position } = this;
    return { id, key, type, headers, attempt, source, position, bytes: this.delivery.body.length };
  },
});

/** The failures that the copy of an earlier retry tells of. */
export function failuresOf(delivery: Delivery): number {
  const text = delivery.headers[OWN.attempt];
  const count = text === undefined ? 0 : Number(text);
  return Number.isInteger(count) && count > 0 ? count : 0;
}

/** The headers that the sender set. */
export function withoutOwn(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (headers === NO_HEADERS) return headers;
  const users: Record<string, string> = Object.create(null);
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(OWN_PREFIX)) users[name] = headers[name] ?? "";
  }
  return users;
}
