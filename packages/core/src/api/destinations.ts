import type { BodyOptions } from "../body/format.ts";
import type { Jsonify } from "../body/jsonify.ts";
import type { Declared, If, IfOrdering } from "../contract/capabilities.ts";
import type { Stats } from "../contract/link.ts";
import type { ConsumeBatchOptions, ConsumeOptions, Consumer } from "./consuming.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { BatchHandler, Handler } from "./message.ts";
import type { BatchResult, PublishOptions, Receipt, SendOptions } from "./sending.ts";

/** Options of a queue: how the broker stores it, and how its bodies are encoded. */
export interface QueueOptions<C extends Declared = Declared, Input = unknown, Output = Jsonify<Input>>
  extends BodyOptions<Input, Output> {
  /**
   * Whether messages of one key are handled one after the other, in the order in which the broker stores them.
   * @default false
   */
  readonly ordered?: IfOrdering<C, boolean> | undefined;
}

/** Options of a topic: how the broker stores it, and how its bodies are encoded. */
export interface TopicOptions<C extends Declared = Declared, Input = unknown, Output = Jsonify<Input>>
  extends BodyOptions<Input, Output> {
  /**
   * How long the topic keeps messages that every subscription has handled, for new subscriptions, in ms, up to 100
   * years.
   * @default 0
   */
  readonly retention?: If<C, "from", number> | undefined;
}

/** Options of a subscription: how the broker stores it. */
export interface SubscriptionOptions<C extends Declared = Declared> {
  /**
   * Whether messages of one key are handled one after the other, in the order in which the broker stores them.
   * @default false
   */
  readonly ordered?: IfOrdering<C, boolean> | undefined;
  /** The headers that a message must have to be delivered: for each name one value, or a list of alternatives. */
  readonly filter?: If<C, "filter", Readonly<Record<string, string | readonly string[]>>> | undefined;
  /**
   * Where a new subscription begins: with messages published from now on, with the oldest that the topic keeps, or at a
   * time. All but `latest` need a topic with a `retention`.
   * @default "latest"
   */
  readonly from?: If<C, "from", "latest" | "earliest" | Date> | undefined;
  /**
   * If false, the subscription is ephemeral: it exists as long as its consumer and leaves nothing behind, neither a
   * backlog nor dead letters.
   * @default true
   */
  readonly durable?: boolean | If<C, "ephemeral", false> | undefined;
}

/** The methods that queues and subscriptions share: those for reading. */
export interface Readable<Body> {
  readonly name: string;
  /**
   * Starts a consumer that calls the handler with each message. Resolves when it reads. If the first opening fails in a
   * way that no retry can repair, such as `NOT_FOUND` or `FORBIDDEN`, it rejects; while the broker is away it waits.
   */
  consume(handler: Handler<Body>, options?: ConsumeOptions): Promise<Consumer>;
  /** Starts a consumer that calls the handler with several messages at once. Resolves and rejects like `consume`. */
  consumeBatch(handler: BatchHandler<Body>, options?: ConsumeBatchOptions): Promise<Consumer>;
  /** Counts messages on the broker. Rejects with `TIMEOUT` if there is no answer within 30 s. */
  stats(options?: { readonly signal?: AbortSignal | undefined }): Promise<Stats>;
  /** The messages that were given up. */
  readonly deadLetters: DeadLetters;
}

/** A handle of a queue. Each message is handled by one consumer. */
export interface Queue<C extends Declared = Declared, Input = unknown, Output = Jsonify<Input>>
  extends Readable<Output> {
  /**
   * Sends a message. Resolves when the broker has stored it. Temporary failures are retried until `timeout` is over.
   * Rejects with a `BrokerError`; its `outcomeUnknown` says whether the broker may have stored the message despite the
   * error. Rejects with a `TypeError` if an option or the body is wrong in a way that no broker accepts.
   */
  send(body: Input, options?: SendOptions<C>): Promise<Receipt>;
  /**
   * Sends several messages. Resolves with a result for each, in the same order. Rejects only if an option is wrong,
   * before any message is sent.
   */
  sendBatch(messages: readonly (SendOptions<C> & { readonly body: Input })[]): Promise<readonly BatchResult[]>;
}

/** A handle of a topic. Every subscription gets its own copy of each message. */
export interface Topic<C extends Declared = Declared, Input = unknown, Output = Jsonify<Input>> {
  readonly name: string;
  /**
   * Publishes a message. Resolves when the broker has stored it for every existing subscription, even if there is none.
   * Retries and rejects like `send` of a queue.
   */
  publish(body: Input, options?: PublishOptions<C>): Promise<Receipt>;
  /** Publishes several messages, like `sendBatch` of a queue. */
  publishBatch(messages: readonly (PublishOptions<C> & { readonly body: Input })[]): Promise<readonly BatchResult[]>;
  /**
   * Returns a handle of a subscription. Consumers of one subscription compete for its messages. This is local, like
   * `queue` of the broker object.
   */
  subscription(name: string, options?: SubscriptionOptions<C>): Readable<Output>;
  /** Short for `subscription(name, options).consume(handler, options)`. */
  subscribe(
    name: string,
    handler: Handler<Output>,
    options?: SubscriptionOptions<C> & ConsumeOptions,
  ): Promise<Consumer>;
}
