import type { Capabilities, Declared, If, IfOrdering } from "./capabilities.ts";
import type { Clock } from "./clock.ts";
import type { Codec } from "./codec.ts";
import type {
  Adapter,
  DeadLetterEntry,
  Driver,
  Selection,
  ServerInfo,
  Stats,
  TopologyMode,
} from "./driver/contract.ts";
import type { BrokerError } from "./errors.ts";
import type { StandardSchema } from "./schema.ts";

/** Carries a trace from sender to handler. The core invents no context: without these two, none travels. */
export interface Propagation {
  /** Called at each send: may add headers, such as `traceparent`. What is over a limit is dropped, with one warning. */
  inject?(headers: Record<string, string>): void;
  /** Called for each delivery: runs the handler inside the context that the headers tell of, and answers its result. */
  extract?<T>(headers: Readonly<Record<string, string>>, run: () => T): T;
}

/** Loads an adapter package, for programs that are bundled. */
export type AdapterLoader = () => Adapter | Promise<Adapter>;

/** How a broker object behaves. Durations are integer milliseconds, sizes bytes. */
export interface ConnectOptions {
  /** Adapters by URL scheme, instead of importing packages by name. */
  readonly drivers?: Readonly<Record<string, AdapterLoader>>;
  /** How entities are treated: created when missing, only compared, or never touched. @default "create" */
  readonly topology?: TopologyMode;
  /** For how long a silent consumer keeps what it holds: 10 s to 5 min, from 100 ms in tests. @default 30 000 */
  readonly lease?: number;
  /** For how long the first connection is tried. @default 30 000 */
  readonly connectTimeout?: number;
  /** The bounds of the wait between two tries to connect again; jitter is full. @default 200 to 30 000 */
  readonly reconnect?: { readonly initial?: number; readonly max?: number };
  /** How much may wait to be sent. @default 10 000 messages, 64 MiB */
  readonly sendBuffer?: { readonly messages?: number; readonly bytes?: number };
  /** The time that all policy goes by; tests may move it by hand. @default the machine's */
  readonly clock?: Clock;
  /** Carries traces from senders to handlers. */
  readonly propagation?: Propagation;
  /** Gives up the first connection. */
  readonly signal?: AbortSignal;
}

/** A URL with options of its adapter; `queues` and `topics` name existing physical ones for logical names. */
export interface ConnectConfig {
  readonly url: string;
  readonly queues?: Readonly<Record<string, string>>;
  readonly topics?: Readonly<Record<string, string>>;
  readonly [option: string]: unknown;
}

/** Options of each message. */
export interface SendOptions<C extends Declared = Declared> {
  /** 1–128 printable ASCII characters. @default a UUIDv7 */
  readonly id?: string;
  /** Groups messages; on an ordered destination those of one key are handled one after the other. 1–128 bytes. */
  readonly key?: string;
  /** Names are lower case; values are text. */
  readonly headers?: Readonly<Record<string, string>>;
  /** What the message is, in the application's words: 1–128 bytes. */
  readonly type?: string;
  /** Which message or conversation it belongs to. 1–128 bytes. */
  readonly correlationId?: string;
  /** Where an answer is expected. 1–128 bytes. */
  readonly replyTo?: string;
  /** Not handed out before this long from now. */
  readonly delay?: If<C, "delay.send", number>;
  /** Not handed out before this time. Excludes `delay`. */
  readonly deliverAt?: If<C, "delay.send", Date>;
  /** Discarded when not handed out within this long from now. */
  readonly ttl?: If<C, "ttl", number>;
  /** 0 (lowest) to 9. @default 4 */
  readonly priority?: If<C, "priority", number>;
  /** Stops waiting: the send rejects with `CANCELLED`. */
  readonly signal?: AbortSignal;
  /** How long the send may take, tries included. @default 30 000 */
  readonly timeout?: number;
}

/** Options of each published message. */
export type PublishOptions<C extends Declared = Declared> = Omit<SendOptions<C>, "delay" | "deliverAt"> & {
  readonly delay?: If<C, "delay.publish", number>;
  readonly deliverAt?: If<C, "delay.publish", Date>;
};

/** What a send answers. */
export interface Receipt {
  readonly id: string;
}

/** What became of one message of a batch. */
export interface BatchResult {
  readonly id: string;
  /** Undefined: the broker has it. */
  readonly error: BrokerError | undefined;
}

/** How bodies are written, read and checked. */
export interface BodyOptions<Input, Output> {
  /** Validates on both ends; the handler gets what it makes of the body. Any Standard Schema. */
  readonly schema?: StandardSchema<Input, Output>;
  /** Turns bodies into bytes and back. @default JSON */
  readonly codec?: Codec<Input, unknown>;
}

/** A queue as the broker stores it, and the form of its bodies. */
export interface QueueOptions<C extends Declared = Declared, Input = unknown, Output = Input>
  extends BodyOptions<Input, Output> {
  /** Messages of one key are handled one after the other. @default false */
  readonly ordered?: IfOrdering<C, boolean>;
}

/** A topic as the broker stores it, and the form of its bodies. */
export interface TopicOptions<C extends Declared = Declared, Input = unknown, Output = Input>
  extends BodyOptions<Input, Output> {
  /** For how long what all subscriptions have handled is kept for new ones. @default 0 */
  readonly retention?: If<C, "from", number>;
}

/** A subscription as the broker stores it. */
export interface SubscriptionOptions<C extends Declared = Declared> {
  /** Messages of one key are handled one after the other. @default false */
  readonly ordered?: IfOrdering<C, boolean>;
  /** Header values to let through: for each name one value or several. */
  readonly filter?: If<C, "filter", Readonly<Record<string, string | readonly string[]>>>;
  /** Where it begins when it is created; all but `latest` needs the topic's retention. @default "latest" */
  readonly from?: If<C, "from", "latest" | "earliest" | Date>;
  /** When false it lives as long as its consumer, and leaves nothing: no backlog, no dead letters. @default true */
  readonly durable?: boolean | If<C, "ephemeral", false>;
}

/** The waits between attempts. */
export interface Backoff {
  /** The first wait. @default 1 000 */
  readonly initial?: number;
  /** The longest wait. @default 600 000 */
  readonly max?: number;
  /** What each wait is multiplied with. @default 5 */
  readonly factor?: number;
  /** By which share a wait may be lengthened at random: 0 to 1. It is never shortened. @default 0.2 */
  readonly jitter?: number;
}

/** What to do when a handler fails. */
export interface RetryPolicy {
  /** How often a message is tried in all. @default 5 */
  readonly attempts?: number;
  /** How long to wait between attempts. */
  readonly backoff?: Backoff;
  /** Decides by the error. `retry` goes on until the attempts are used up; `discard` drops the message, with an event. */
  readonly classify?: (error: unknown, message: Message) => "retry" | "dead-letter" | "discard";
}

/** How a consumer reads. */
export interface ConsumeOptions {
  /** How many handlers run at once. @default 1 */
  readonly concurrency?: number;
  /** The most unsettled deliveries it holds, running ones included. @default 2 × concurrency (for batches × max) */
  readonly prefetch?: number;
  /** When and how often a failed message is tried again. */
  readonly retry?: RetryPolicy;
  /** How long a handler may take. @default 900 000 (15 minutes) */
  readonly timeout?: number;
  /** Closes the consumer, as `close` does. */
  readonly signal?: AbortSignal;
  /** How long `close` lets running handlers go on. @default 20 000 */
  readonly drainTimeout?: number;
  /** Gets what no promise reports: handler errors, lost leases, settlements that failed. Must not throw. */
  readonly onError?: (error: unknown, message: Message | undefined) => void;
}

/** How a batch consumer reads. */
export interface ConsumeBatchOptions extends ConsumeOptions {
  /** Most messages of a batch. @default 100 */
  readonly max?: number;
  /** How long a batch waits to fill up. @default 100 */
  readonly wait?: number;
}

/** Where a message was read from. */
export type MessageSource = { readonly queue: string } | { readonly topic: string; readonly subscription: string };

/** A message in a handler's hands. */
export interface Message<Body = unknown> {
  readonly body: Body;
  /** The body as it came. */
  readonly bytes: Uint8Array;
  /** Undefined for a foreign message without one, where the broker has no name of its own for it. */
  readonly id: string | undefined;
  readonly key: string | undefined;
  /** The sender's headers, in an object without prototype. */
  readonly headers: Readonly<Record<string, string>>;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly sentAt: Date | undefined;
  /** 1 plus the failures before. */
  readonly attempt: number;
  /** Whether it may have been in a handler's hands before. */
  readonly redelivered: boolean;
  readonly source: MessageSource;
  /** The broker's name for its place, for people. */
  readonly position: string;
  /** Aborts when the message is lost, timed out or given back: go no further. */
  readonly signal: AbortSignal;
  /** The client's own message. */
  readonly native: unknown;
  /** Done. False: it was settled before, or is no longer ours. */
  ack(): Promise<boolean>;
  /** Failed: again, after `delay` ms or by the policy's backoff; to the dead letters when the attempts are used up. */
  retry(options?: { readonly delay?: number }): Promise<boolean>;
  /** Failed for good: to the dead letters. */
  deadLetter(reason: string): Promise<boolean>;
}

/** Handles one message. When it returns the message is acked; when it throws the retry policy decides. */
export type Handler<Body> = (message: Message<Body>) => unknown;

/** Handles several at once. What it has not settled is acked when it returns and retried when it throws. */
export type BatchHandler<Body> = (messages: readonly Message<Body>[]) => unknown;

/** What a consumer has done since it began. */
export interface ConsumerStats {
  /** Handlers running. */
  readonly running: number;
  /** Deliveries that wait for a handler. */
  readonly waiting: number;
  readonly acked: number;
  readonly retried: number;
  readonly deadLettered: number;
  readonly discarded: number;
  readonly expired: number;
  readonly filtered: number;
  /** Deliveries given back, or lost before they were settled. */
  readonly returned: number;
}

/** A running reader. It outlives outages of the broker. */
export interface Consumer extends AsyncDisposable {
  /** No handler starts, running ones finish, unstarted deliveries go back; the membership stays. */
  pause(): Promise<void>;
  resume(): Promise<void>;
  /** Stops intake, lets running handlers finish for `drainTimeout` ms, settles, gives back the rest. Idempotent. */
  close(options?: { readonly drainTimeout?: number }): Promise<void>;
  /** Resolves when it has closed: undefined when asked to, else why. Never rejects. */
  readonly closed: Promise<BrokerError | undefined>;
  stats(): ConsumerStats;
}

/** A message that was given up. */
export interface DeadLetter {
  /** Names it for `replay` and `remove`. */
  readonly deadLetterId: string;
  readonly id: string | undefined;
  readonly bytes: Uint8Array;
  readonly key: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly type: string | undefined;
  readonly contentType: string | undefined;
  readonly correlationId: string | undefined;
  readonly replyTo: string | undefined;
  readonly sentAt: Date | undefined;
  /** Attempts made; undefined when the broker gave it up by itself. */
  readonly attempts: number | undefined;
  readonly reason: string | undefined;
  readonly error: string | undefined;
  readonly source: string | undefined;
  readonly at: Date | undefined;
  readonly native: unknown;
}

/** The dead letters of one queue or durable subscription. */
export interface DeadLetters {
  count(options?: { readonly signal?: AbortSignal }): Promise<number>;
  /** Looks at them, oldest first, and changes nothing. @default limit 100 */
  list(options?: {
    readonly limit?: number;
    readonly after?: string;
    readonly signal?: AbortSignal;
  }): AsyncIterable<DeadLetter>;
  /** Gives them to the same queue or subscription again, as new attempts. Answers how many. */
  replay(selection: Selection, options?: { readonly signal?: AbortSignal }): Promise<number>;
  /** Answers how many went. */
  remove(selection: Selection, options?: { readonly signal?: AbortSignal }): Promise<number>;
}

/** What a queue and a subscription have in common: they can be read. */
export interface Readable<Body> {
  readonly name: string;
  /** Resolves when reading has begun; rejects on a fault that no retry mends. */
  consume(handler: Handler<Body>, options?: ConsumeOptions): Promise<Consumer>;
  consumeBatch(handler: BatchHandler<Body>, options?: ConsumeBatchOptions): Promise<Consumer>;
  stats(options?: { readonly signal?: AbortSignal }): Promise<Stats>;
  readonly deadLetters: DeadLetters;
}

/** A point-to-point destination: each message is handled by one consumer. */
export interface Queue<C extends Declared = Declared, Input = unknown, Output = Input> extends Readable<Output> {
  /** Resolves when the broker has the message safely. */
  send(body: Input, options?: SendOptions<C>): Promise<Receipt>;
  /** A result for each, in their order; rejects only for what is wrong with the call. */
  sendBatch(messages: readonly (SendOptions<C> & { readonly body: Input })[]): Promise<readonly BatchResult[]>;
}

/** A one-to-many destination: every subscription gets its own copy. */
export interface Topic<C extends Declared = Declared, Input = unknown, Output = Input> {
  readonly name: string;
  /** Resolves when the broker has the message safely, for every subscription there is. */
  publish(body: Input, options?: PublishOptions<C>): Promise<Receipt>;
  publishBatch(messages: readonly (PublishOptions<C> & { readonly body: Input })[]): Promise<readonly BatchResult[]>;
  /** A named reader with copies of its own; consumers of one subscription compete. */
  subscription(name: string, options?: SubscriptionOptions<C>): Readable<Output>;
  /** Short for `subscription(name, options).consume(handler, options)`. */
  subscribe(
    name: string,
    handler: Handler<Output>,
    options?: SubscriptionOptions<C> & ConsumeOptions,
  ): Promise<Consumer>;
}

/** Entities to make sure of at once, as a deployment step does. */
export interface Topology<C extends Declared = Declared> {
  readonly queues?: Readonly<Record<string, Omit<QueueOptions<C>, "schema" | "codec">>>;
  readonly topics?: Readonly<
    Record<
      string,
      Omit<TopicOptions<C>, "schema" | "codec"> & {
        readonly subscriptions?: Readonly<Record<string, SubscriptionOptions<C>>>;
      }
    >
  >;
}

/** How a broker object is doing. */
export interface Health {
  readonly status: "up" | "degraded" | "down";
  /** Why it is not `up`. */
  readonly reason: string | undefined;
  readonly server: ServerInfo | undefined;
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/** One connection to one broker, with all that uses it. */
export interface Broker<C extends Declared = Declared, N = unknown> extends AsyncDisposable {
  queue<Input = unknown, Output = Input>(
    name: string,
    options?: QueueOptions<C, Input, Output>,
  ): Queue<C, Input, Output>;
  topic<Input = unknown, Output = Input>(
    name: string,
    options?: TopicOptions<C, Input, Output>,
  ): Topic<C, Input, Output>;
  /** Makes sure that the entities exist, as `topology` says. */
  declare(topology: Topology<C>, options?: { readonly signal?: AbortSignal }): Promise<void>;
  /** Never rejects. */
  health(options?: { readonly signal?: AbortSignal }): Promise<Health>;
  /** What this server can do. */
  readonly capabilities: Capabilities;
  /** The client of the present connection; undefined while there is none. */
  readonly native: N | undefined;
  /** Drains every consumer, flushes every send, disconnects. Idempotent. @default drainTimeout 20 000 */
  close(options?: { readonly drainTimeout?: number }): Promise<void>;
}

/** Where to connect: a URL, a config, or a driver made by an adapter's factory. */
export type Target<C extends Declared = Declared, N = unknown> = string | ConnectConfig | Driver<C, N>;

export type { DeadLetterEntry };
