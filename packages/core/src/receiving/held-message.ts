import { inspect } from "node:util";
import type { Message, MessageSource } from "../api/message.ts";
import { NO_HEADERS, OWN, OWN_PREFIX } from "../contract/headers.ts";
import type { Delivery } from "../contract/message.ts";
import type { Settlement, SettleResult } from "../contract/settlement.ts";
import { crashEvidence, isSuspect } from "./crash-loop.ts";
import type { Recollection } from "./recollections.ts";
import type { RetryMeans } from "./retry-decision.ts";

/** What holds a message until it is settled: the read session that received it. */
export interface Holder {
  readonly messageSource: MessageSource;
  readonly retryMeans: RetryMeans;
  /** Aborts when this session ends. Nothing of it is held then. */
  readonly signal: AbortSignal;
  settle(settlement: Settlement, done: (result: SettleResult) => void): void;
  /** Notes failures of a retry in place, where the broker has a place for them. */
  keepProgress(held: HeldMessage): void;
  /** Resolves when the broker has every ack so far. */
  flush(): Promise<void>;
  /** The broker's name of the message, by which it is known when it comes back. */
  identify(held: HeldMessage): string | undefined;
  /** The message is settled: it no longer counts as held. */
  drop(held: HeldMessage): void;
}

/** What a message can be asked for by its handler. */
export interface MessageVerbs {
  ack(held: HeldMessage): Promise<boolean>;
  retry(held: HeldMessage, delay: number | undefined): Promise<boolean>;
  deadLetter(held: HeldMessage, reason: string): Promise<boolean>;
}

/**
 * Where a held message stands.
 * - `waiting`: no handler has begun with it.
 * - `running`: a handler has it, and it can still be settled in any way.
 * - `decided`: what becomes of it is decided; the settlement may be on its way.
 * - `backing-off`: it failed, and its handler runs again here after a wait.
 * - `lost`: it is no longer ours.
 */
export type HeldState = "waiting" | "running" | "decided" | "backing-off" | "lost";

/** A delivery that we hold: what its handler sees of it, and where it stands. The only writer of its state. */
export class HeldMessage implements Message {
  readonly delivery: Delivery;
  readonly holder: Holder;
  readonly #verbs: MessageVerbs;
  /** Failures before this run. */
  failures: number;
  /** A handler must not run before this time (milliseconds since 1970): the rest of a retry's wait. */
  notBefore: number;
  /** Deliveries of this message, this one not included, that this process lost while it lived. */
  readonly survived: number;
  leaseUntil: number | undefined;
  /** Its place in the holder's bag. */
  slot: number = -1;
  /** How to settle another delivery of the message as was decided, should the settlement not reach the broker. */
  settleAgain: ((again: HeldMessage) => void) | undefined;
  /** The decoded body. */
  body: unknown;
  #state: HeldState = "waiting";
  #inHandler = false;
  #evidence: number;
  #lostAs: HeldState | undefined;
  #runAgainAfter: number | undefined;
  #abort: AbortController | undefined;
  #bytes: Uint8Array | undefined;
  #headers: Readonly<Record<string, string>> | undefined;

  constructor(
    delivery: Delivery,
    holder: Holder,
    verbs: MessageVerbs,
    recollection: Recollection<HeldMessage> | undefined,
  ) {
    const { progress } = delivery;
    this.delivery = delivery;
    this.holder = holder;
    this.#verbs = verbs;
    this.failures = Math.max(failuresOf(delivery), progress?.failures ?? 0, recollection?.failures ?? 0);
    this.notBefore = Math.max(progress?.notBefore ?? 0, recollection?.notBefore ?? 0);
    this.survived = recollection?.survived ?? 0;
    this.#evidence = crashEvidence(delivery.deliveries, this.survived);
    this.leaseUntil = delivery.leaseUntil;
  }

  get state(): HeldState {
    return this.#state;
  }

  /** Whether a handler has it and has not returned, whatever was decided meanwhile. */
  get inHandler(): boolean {
    return this.#inHandler;
  }

  /** How many deliveries of this message ended without an outcome, apart from those that this process survived. */
  get evidence(): number {
    return this.#evidence;
  }

  /** Whether it may have killed a process. It then starts last and alone. */
  get isSuspect(): boolean {
    return isSuspect(this.#evidence);
  }

  /** What this process knows of the message, should it come back after it was lost or released. */
  get recollection(): Recollection<HeldMessage> {
    const { survived, failures, notBefore } = this;
    const settleAgain = this.#lostAs === "decided" ? this.settleAgain : undefined;
    return { survived: survived + 1, failures, notBefore, settleAgain };
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
    return this.holder.messageSource;
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

  /** A handler, or what comes before it, begins with the message. */
  begin(): void {
    this.#state = "running";
  }

  /** The handler is called. */
  enterHandler(): void {
    this.#inHandler = true;
  }

  /** The handler has returned or thrown. */
  leaveHandler(): void {
    this.#inHandler = false;
  }

  /** What becomes of it is decided. */
  decide(): void {
    this.#state = "decided";
  }

  /** Its handler has run, and this process lives: whatever it was suspected of, it has not done it. */
  clearSuspicion(): void {
    this.#evidence = 0;
  }

  /** It failed and stays here: its handler is to run again after a wait, once it has returned. */
  decideToRunAgain(failures: number, wait: number, notBefore: number): void {
    this.failures = failures;
    this.notBefore = notBefore;
    this.#state = "decided";
    this.settleAgain = undefined;
    this.#runAgainAfter = wait;
  }

  /** The wait that `decideToRunAgain` noted, once; undefined when there is none. */
  takeRunAgainAfter(): number | undefined {
    const wait = this.#runAgainAfter;
    this.#runAgainAfter = undefined;
    return wait;
  }

  /** Waits here until its handler runs again. */
  backOff(): void {
    this.#state = "backing-off";
  }

  /** The wait is over: a handler gets it again, with a signal of its own. */
  waitAgain(): void {
    this.#state = "waiting";
    this.#abort = undefined;
  }

  /** It is no longer ours. */
  lose(reason: Error): void {
    this.#lostAs = this.#state;
    this.#state = "lost";
    this.abort(reason);
  }
}

// What `console.log` shows is what the sender sent, not our bookkeeping.
Object.defineProperty(HeldMessage.prototype, inspect.custom, {
  value(this: HeldMessage): unknown {
    const { id, key, type, headers, attempt, source, position } = this;
    return { id, key, type, headers, attempt, source, position, bytes: this.delivery.body.length };
  },
});

/** The failures that the copy of an earlier retry counts in its header. */
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
