import type { Declared, Refinement } from "../capabilities.ts";
import type { Clock } from "../clock.ts";
import type { Classification } from "../errors.ts";

/**
 * The contract between the core and a driver, version 1.
 *
 * A driver translates and decides nothing. It never retries, reconnects, wraps, logs or decodes; the core does. Rules
 * for every method: it never throws synchronously; it ends soon after its signal aborts; what it was given it does not
 * keep after its promise has settled. Errors are the client's own: the core asks `classify` what they mean.
 */
export const CONTRACT = 1;

/** How entities are treated: created when missing, only compared, or never touched. */
export type TopologyMode = "create" | "verify" | "none";

/** Which headers a message must carry for a subscription to get it: all names, for each one of the values. */
export type Filter = Readonly<Record<string, readonly string[]>>;

/** A point-to-point destination. */
export interface QueueEntity {
  readonly kind: "queue";
  readonly name: string;
  readonly ordered: boolean;
}

/** A one-to-many destination. */
export interface TopicEntity {
  readonly kind: "topic";
  readonly name: string;
  /** For how many milliseconds what every subscription has handled is kept for those to come. */
  readonly retention: number;
}

/** One reader of a topic, with a copy of every message of its own. */
export interface SubscriptionEntity {
  readonly kind: "subscription";
  readonly name: string;
  readonly topic: TopicEntity;
  readonly ordered: boolean;
  /** The core applies it to every delivery; the driver may apply it earlier to save traffic. */
  readonly filter: Filter | undefined;
  /** Where it begins when it is created. */
  readonly from: "latest" | "earliest" | Date;
  /** When false it belongs to one source: it begins when that opens, ends when that closes, and leaves nothing. */
  readonly durable: boolean;
}

export type Destination = QueueEntity | TopicEntity;
export type SourceEntity = QueueEntity | SubscriptionEntity;
export type Entity = Destination | SubscriptionEntity;

/** A message on its way to the broker. The driver maps each field to the broker's native property, else to a header. */
export interface OutgoingMessage {
  readonly id: string;
  readonly body: Uint8Array;
  readonly contentType: string | undefined;
  /** The user's headers, and the core's own, which begin with `anybroker-`. */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number;
  /** Not to be handed out before this time (milliseconds since 1970). Set only where the driver declares the delay. */
  readonly deliverAt: number | undefined;
  /** 0 (lowest) to 9. */
  readonly priority: number | undefined;
}

/** Why a message was not accepted. */
export interface SendFailure {
  /** The client's error. */
  readonly error: unknown;
  /** Whether the broker may have the message all the same. */
  readonly outcomeUnknown: boolean;
}

/** Reports the fate of the message at `index`, once; accepted without a `failure`. May be called before `send` returns. */
export type Report = (index: number, failure?: SendFailure) => void;

/** A message handed over by the broker. Its fields may be getters that read `native` when asked. */
export interface Delivery {
  /** Memory that nobody else writes to. */
  readonly body: Uint8Array;
  readonly id: string | undefined;
  readonly contentType: string | undefined;
  /**
   * All headers as text, in an object without prototype, names as they came; what is not UTF-8 is `base64:…`. The same
   * object each time it is asked for.
   */
  readonly headers: Readonly<Record<string, string>>;
  readonly key: string | undefined;
  readonly type: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  /** Milliseconds since 1970. */
  readonly sentAt: number | undefined;
  /** The broker's name for the place of this message, for people. */
  readonly position: string;
  /** The broker's own count of earlier hand-overs, 0 at first; undefined where it has none. */
  readonly deliveries: number | undefined;
  /**
   * When the broker takes it back unless it is extended, by the link's clock and rather too early than too late;
   * undefined: not while the link lives.
   */
  readonly leaseUntil: number | undefined;
  /** The client's message. */
  readonly native: unknown;
}

/** Headers of ours to set on a copy, or with undefined to remove from it. Names begin with `anybroker-`. */
export type HeaderChanges = Readonly<Record<string, string | undefined>>;

/**
 * What becomes of a delivery.
 * - `ack`: it is done.
 * - `release`: given back untouched, to be handed out again soon. Not a failure.
 * - `retry`: a copy of the native message with the changed headers reaches the same queue or subscription, and only
 *   it, not sooner than after `delay` ms; the copy is confirmed before the original goes.
 * - `deadLetter`: the same, to the dead letters.
 * - `reject`: dead-lettered by the broker's own means, without a copy of ours; fails where it has none.
 */
export type Settlement =
  | { readonly action: "ack" | "release" | "reject"; readonly delivery: Delivery }
  | { readonly action: "retry"; readonly delivery: Delivery; readonly delay: number; readonly headers: HeaderChanges }
  | { readonly action: "deadLetter"; readonly delivery: Delivery; readonly headers: HeaderChanges };

/** Why a settlement did not take. */
export interface SettleFailure {
  readonly error: unknown;
  /** True: the delivery is no longer ours, somebody else gets it. False: it is still ours and nothing has changed. */
  readonly lost: boolean;
}

/** Undefined: it took. */
export type SettleResult = SettleFailure | undefined;

/** An entity that exists, but not as it is asked for. */
export interface Drift {
  readonly entity: Entity;
  /** The property that differs, in the broker's words. */
  readonly property: string;
  readonly expected: string;
  /** What was found, as far as the broker says. */
  readonly found: string;
}

/** What is known of the server at the other end. */
export interface ServerInfo {
  readonly product: string;
  readonly version: string;
  readonly capabilities: Refinement;
}

/** How many messages there are. Undefined: the broker does not say. */
export interface Stats {
  readonly ready: number | undefined;
  readonly delayed: number | undefined;
  readonly inFlight: number | undefined;
  readonly dead: number | undefined;
}

/** What a driver says of a link that stands. */
export interface LinkHealth {
  /** Why it works only in part: a resource alarm, a setting that costs durability. */
  readonly degraded: string | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** What the core knows before a link opens. */
export interface LinkContext {
  readonly clock: Clock;
  /** For how many milliseconds a silent consumer keeps what it holds. */
  readonly lease: number;
  /** With `none` and `verify` the driver creates nothing whatsoever, no return queue and no dead letters either. */
  readonly topology: TopologyMode;
}

/** What an adapter package supplies. One driver serves one broker object; it holds options, and no connection. */
export interface Driver<C extends Declared = Declared, N = unknown> {
  readonly contract: typeof CONTRACT;
  /** The adapter's name, for messages: one word. */
  readonly name: string;
  /** Where it connects, without any secret, for messages. */
  readonly address: string;
  readonly capabilities: C;
  /** Opens one life of the connection; resolves when it can be used. */
  connect(context: LinkContext, signal: AbortSignal): Promise<Link<N>>;
  classify(error: unknown): Classification;
}

/**
 * One life of a connection. When it ends, everything that came from it is void; the core then opens the next one.
 */
export interface Link<N = unknown> {
  readonly server: ServerInfo;
  /** The typed client, for what anybroker does not offer. */
  readonly native: N;
  /**
   * Resolves with the reason when this life has ended, by itself or after `close`; only then where the client connects
   * again by itself and tells nobody. Never rejects.
   */
  readonly lost: Promise<unknown>;
  /**
   * How much may be in flight to the broker at once; `batches` bounds the calls of `send` that run at once, where a
   * call costs more than a message: what comes meanwhile waits and goes together. Undefined: any number.
   */
  readonly window: { readonly messages: number; readonly bytes: number; readonly batches?: number };
  /** Makes sure that the entities exist (`create`), or compares them (`verify`). Idempotent; parents come first. */
  declare(entities: readonly Entity[], mode: "create" | "verify", signal: AbortSignal): Promise<readonly Drift[]>;
  /**
   * Sends a batch, in its order, and reports each message once, as soon as its fate is known. Settles only after the
   * last report; if it rejects or ends early, what was not reported failed with that error and its outcome is unknown.
   * Called again while earlier calls are running.
   */
  send(destination: Destination, batch: readonly OutgoingMessage[], report: Report, signal: AbortSignal): Promise<void>;
  /** Starts reading. `lost` is called with deliveries that `receive` answered and that are no longer ours. */
  open(
    source: SourceEntity,
    options: OpenOptions,
    lost: (deliveries: readonly Delivery[]) => void,
    signal: AbortSignal,
  ): Promise<Source>;
  stats(source: SourceEntity, signal: AbortSignal): Promise<Stats>;
  deadLetters(source: SourceEntity): DeadLetterStore;
  health(signal: AbortSignal): Promise<LinkHealth>;
  /** Ends this life in good order. */
  close(signal: AbortSignal): Promise<void>;
}

/** How a source is opened. */
export interface OpenOptions {
  /** The most unsettled deliveries the core holds, what the driver has buffered included. */
  readonly window: number;
}

/** An open reader of one queue or subscription. */
export interface Source {
  /** Resolves with the reason when this source alone has died, by itself or after `close`. Never rejects. */
  readonly lost: Promise<unknown>;
  /** Whether it has a return queue, so that `retry` can be asked of it. */
  readonly returns: boolean;
  /** The most calls of `settle` that run at once; what comes meanwhile goes together. Undefined: any number. */
  readonly batches?: number;
  /**
   * At most `max` deliveries, as soon as there is one; none after about a second, or at once on abort: what was on its
   * way then comes with the next call. Never called twice at once. May answer without a promise.
   */
  receive(max: number, signal: AbortSignal): readonly Delivery[] | Promise<readonly Delivery[]>;
  /**
   * Applies settlements, and answers in their order. An `ack` may be answered before the broker has it; `pause` and
   * `close` then see to it that it gets there.
   */
  settle(batch: readonly Settlement[], signal: AbortSignal): readonly SettleResult[] | Promise<readonly SettleResult[]>;
  /** Renews leases for another `lease`: their new ends, undefined for each that was lost. */
  extend?(deliveries: readonly Delivery[], signal: AbortSignal): Promise<readonly (number | undefined)[]>;
  /**
   * Stops intake and keeps the membership; what is buffered is still handed out by `receive`. On an ordered source the
   * core calls it only once nothing is running, so that giving up the place cannot let another consumer overtake; what
   * is held may then go back with the place, and the core's `release` of it has nothing left to do.
   */
  pause(signal: AbortSignal): Promise<void>;
  resume(signal: AbortSignal): Promise<void>;
  /** Changes the window of a paused source. Where it is missing the core opens the source anew instead. */
  resize?(window: number, signal: AbortSignal): Promise<void>;
  /** Stops reading. The core has settled or released all it holds. */
  close(signal: AbortSignal): Promise<void>;
}

/** A message that was given up. */
export interface DeadLetterEntry extends Delivery {
  /** Names it for `replay` and `remove`; the same at every listing. */
  readonly deadLetterId: string;
}

/** Which dead letters: those named, or all there are when the call begins. */
export type Selection = { readonly ids: readonly string[] } | { readonly all: true };

/**
 * The dead letters of one queue or durable subscription. Looking at them changes nothing. What the capabilities deny is
 * not called: `list` by `deadLetters.list`, `count` by its own, ids by `deadLetters.select`; `all` is always possible.
 */
export interface DeadLetterStore {
  count(signal: AbortSignal): Promise<number>;
  /** At most `limit`, oldest first, those after the one named; fewer only at the end. */
  list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly DeadLetterEntry[]>;
  /**
   * Gives copies with the changed headers to the same queue or subscription; each is confirmed before its dead letter
   * goes. Answers how many.
   */
  replay(selection: Selection, headers: HeaderChanges, signal: AbortSignal): Promise<number>;
  /** Answers how many went. */
  remove(selection: Selection, signal: AbortSignal): Promise<number>;
}

/** What an adapter package exports under the name `adapter`, so that a URL can find it. */
export interface Adapter {
  readonly name: string;
  /** The URL schemes it serves, without `:`. */
  readonly schemes: readonly string[];
  /** Makes a driver from a URL and options of the same names as the URL's parameters. Throws `INVALID_CONFIG`. */
  driver(config: AdapterConfig): Driver;
}

/** What the core knows of an adapter's options: the rest is the adapter's own. */
export interface AdapterConfig {
  readonly url: string;
  readonly [option: string]: unknown;
}
