import { inspect } from "node:util";
import type { Message, MessageSource } from "../api/message.ts";
import { checkKeys } from "../base/check.ts";
import type { Filter } from "../contract/entities.ts";
import { NO_HEADERS, OWN, OWN_PREFIX } from "../contract/headers.ts";
import type { Delivery } from "../contract/message.ts";
import { dateOf, readCount } from "../contract/own-headers.ts";
import type { Settlement, SettleResult } from "../contract/settlement.ts";
import { crashEvidence, isSuspect } from "./crash-loop.ts";
import type { Recollection } from "./recollections.ts";
import type { RetryMeans } from "./retry-decision.ts";

/** The holder of a message until it is settled: the holdings of the source that delivered it. */
export interface Holder {
  readonly messageSource: MessageSource;
  readonly retryMeans: RetryMeans;
  /** The filter that the core applies. */
  readonly filter: Filter | undefined;
  /** Aborts when the source ends. None of its messages is held then. */
  readonly signal: AbortSignal;
  /** Hands a settlement to the driver, and calls `done` with the result. */
  settle(settlement: Settlement, done: (result: SettleResult) => void): void;
  /** Notes failures of a retry in place, where the broker has a place for them. */
  keepProgress(held: HeldMessage): void;
  /** The broker's name of the message, by which it is known when it comes back. */
  identify(held: HeldMessage): string | undefined;
  /** Removes a message that has been settled. */
  drop(held: HeldMessage): void;
  /** A lease has ended that was not renewed in time. */
  leaseEnded(held: HeldMessage): void;
}

/** Carries out the settling methods of a message. */
export interface MessageSettler {
  ack(held: HeldMessage): Promise<boolean>;
  retry(held: HeldMessage, delay: number | undefined): Promise<boolean>;
  deadLetter(held: HeldMessage, reason: string): Promise<boolean>;
}

/**
 * The state of a held message.
 * - `waiting`: it waits for a handler.
 * - `running`: it is being prepared for a handler or a handler has it, and it can still be settled in any way.
 * - `decided`: the way to settle it is decided. The settlement may be on its way.
 * - `backing-off`: it has failed, and waits for its handler to run again in this consumer.
 * - `lost`: this consumer no longer holds it.
 */
export type HeldState = "waiting" | "running" | "decided" | "backing-off" | "lost";

/** A message that this consumer holds, as its handler sees it. Owns its state. */
export class HeldMessage implements Message {
  readonly delivery: Delivery;
  readonly holder: Holder;
  readonly #settler: MessageSettler;
  /** The number of failures so far. */
  failures: number;
  /** A handler must not run before this time (milliseconds since 1970): the rest of a retry's wait. */
  notBefore: number;
  /** Deliveries of this message, this one not included, that this process lost while it lived. */
  readonly survived: number;
  /** Whether it came back from the end of another process. */
  readonly isFromCrash: boolean;
  slot: number = -1;
  #body: unknown;
  #leaseUntil: number | undefined;
  #isRemembered = false;
  #settleAgain: ((again: HeldMessage) => void) | undefined;
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
    settler: MessageSettler,
    recollection: Recollection<HeldMessage> | undefined,
  ) {
    const { progress } = delivery;
    this.delivery = delivery;
    this.holder = holder;
    this.#settler = settler;
    // A copy has the failures of earlier retries in its header.
    const counted = readCount(delivery.headers[OWN.attempt]) ?? 0;
    this.failures = Math.max(counted, progress?.failures ?? 0, recollection?.failures ?? 0);
    this.notBefore = Math.max(progress?.notBefore ?? 0, recollection?.notBefore ?? 0);
    this.survived = recollection?.survived ?? 0;
    this.#evidence = crashEvidence(delivery.deliveries, this.survived);
    this.isFromCrash = this.#evidence > 0;
    this.#leaseUntil = delivery.leaseUntil;
  }

  get state(): HeldState {
    return this.#state;
  }

  /** Whether a handler has the message and has not returned. The message may be in any state. */
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

  /** Whether it has a handler, or may get one without `flush` before. */
  get isExposed(): boolean {
    return this.#inHandler || this.#state === "running" || !this.isSuspect;
  }

  /** Knowledge to keep in case the message comes back after it was lost or released. */
  get recollection(): Recollection<HeldMessage> {
    const { survived, failures, notBefore } = this;
    const settleAgain = this.#lostAs === "decided" ? this.#settleAgain : undefined;
    return { survived: survived + 1, failures, notBefore, settleAgain };
  }

  get bytes(): Uint8Array {
    // A copy, so that a retry carries what was sent even if the handler writes to it.
    this.#bytes ??= Uint8Array.from(this.delivery.body);
    return this.#bytes;
  }

  get body(): unknown {
    return this.#body;
  }

  /** When the lease ends, in ms since 1970; undefined where there is none. */
  get leaseUntil(): number | undefined {
    return this.#leaseUntil;
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
    return dateOf(this.delivery.sentAt);
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
    return this.#settler.ack(this);
  }

  async retry(options: { readonly delay?: number | undefined } = {}): Promise<boolean> {
    checkKeys("retry", options, ["delay"]);
    return this.#settler.retry(this, options.delay);
  }

  deadLetter(reason: string): Promise<boolean> {
    return this.#settler.deadLetter(this, reason);
  }

  /** Aborts the signal that the handler sees. */
  abort(reason: Error): void {
    this.#abort ??= new AbortController();
    this.#abort.abort(reason);
  }

  /** The message is taken for a handler. */
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

  /** The body is decoded. */
  decoded(body: unknown): void {
    this.#body = body;
  }

  /** The broker has renewed the lease until then, or says with `undefined` that it has ended. */
  leaseRenewed(until: number | undefined): void {
    this.#leaseUntil = until;
  }

  /**
   * The way to settle the message is decided. Should the settlement not reach the broker, `settleAgain` settles the next
   * delivery of the message in the same way.
   */
  decide(settleAgain: ((again: HeldMessage) => void) | undefined): void {
    if (this.#state === "lost") return;
    this.#settleAgain = settleAgain;
    this.#state = "decided";
  }

  /** Its recollection is kept, because it was released or lost. Returns whether this is the first time. */
  remembered(): boolean {
    const isFirst = !this.#isRemembered;
    this.#isRemembered = true;
    return isFirst;
  }

  /** Its handler has run, and this process still lives. So the message has not caused the crashes that it was suspected of. */
  clearSuspicion(): void {
    this.#evidence = 0;
  }

  /** The message has failed and stays in this consumer. Its handler will run again, `wait` ms after it has returned. */
  decideToRunAgain(failures: number, wait: number, notBefore: number): void {
    this.failures = failures;
    this.notBefore = notBefore;
    this.#state = "decided";
    this.#settleAgain = undefined;
    this.#runAgainAfter = wait;
  }

  /** Returns the wait from `decideToRunAgain`, once; undefined if there is none. */
  takeRunAgainAfter(): number | undefined {
    const wait = this.#runAgainAfter;
    this.#runAgainAfter = undefined;
    return wait;
  }

  /** The message waits for its handler to run again. */
  backOff(): void {
    this.#state = "backing-off";
  }

  /** The wait is over, even if the clock says a millisecond less. The next run of the handler gets a new signal. */
  waitAgain(): void {
    this.#state = "waiting";
    this.notBefore = 0;
    this.#abort = undefined;
  }

  /** This consumer no longer holds the message. */
  lose(reason: Error): void {
    this.#lostAs = this.#state;
    this.#state = "lost";
    this.abort(reason);
  }
}

// For console.log: the fields of the message, not the internal ones.
Object.defineProperty(HeldMessage.prototype, inspect.custom, {
  value(this: HeldMessage): unknown {
    const { id, key, type, headers, attempt, source, position } = this;
    return { id, key, type, headers, attempt, source, position, bytes: this.delivery.body.length };
  },
});

/** Returns the headers without those of anybroker. */
export function withoutOwn(headers: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  if (headers === NO_HEADERS) return headers;
  const others: Record<string, string> = Object.create(null);
  for (const name of Object.keys(headers)) {
    if (!name.startsWith(OWN_PREFIX)) others[name] = headers[name] ?? "";
  }
  return others;
}
