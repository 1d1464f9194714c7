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
   * How long the topic keeps messages that every subscription has handled, for new subscriptions, in milliseconds: from
   * 0 to 100 years.
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
  /**
   * The headers that a message must have to be delivered: for each name one value, or a list of alternatives. Where the
   * broker keeps it (`filter.stored`), the filter of an existing subscription decides for all its consumers. Asking for
   * another one is drift, and `broker.declare` changes it.
   */
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
  /** The name of the queue or subscription. */
  readonly name: string;
  /**
   * Starts a consumer that calls the handler with each message. Resolves when it reads. If the first opening fails in a
   * way that no retry can repair, such as `NOT_FOUND` or `FORBIDDEN`, it rejects; while the broker is away it waits.
   *
   * A message is acked when its handler returns. When the handler throws, the message is retried after a wait.
   *
   * @example
   * ```ts
   * const emails = broker.queue<{ to: string }>("emails");
   * await emails.consume(
   *   async ({ body, signal }) => {
   *     await fetch("https://example.com/mails", { method: "POST", body: body.to, signal });
   *   },
   *   { concurrency: 10, timeout: 60_000, retry: { attempts: 3 } },
   * );
   * ```
   */
  consume(handler: Handler<Body>, options?: ConsumeOptions): Promise<Consumer>;
  /**
   * Starts a consumer that calls the handler with several messages at once. Resolves and rejects like `consume`.
   *
   * @example
   * ```ts
   * const readings = broker.queue<{ sensor: number; celsius: number }>("readings");
   * await readings.consumeBatch(
   *   async (messages) => {
   *     console.log(`${messages.length} rows to write`, messages.map(({ body }) => body.celsius));
   *   },
   *   { max: 500, wait: 200 },
   * );
   * ```
   */
  consumeBatch(handler: BatchHandler<Body>, options?: ConsumeBatchOptions): Promise<Consumer>;
  /** Counts messages on the broker. Rejects with `TIMEOUT` if there is no answer within 30 seconds. */
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
   *
   * @example
   * ```ts
   * const emails = broker.queue<{ to: string }>("emails");
   * await emails.send({ to: "ada@example.com" });
   * await emails.send({ to: "bob@example.com" }, { id: "welcome-7", delay: 60_000, headers: { tenant: "acme" } });
   * ```
   */
  send(body: Input, options?: SendOptions<C>): Promise<Receipt>;
  /**
   * Sends several messages. Resolves with a result for each, in the same order. Rejects only if an option is wrong,
   * before any message is sent. A body that cannot be encoded fails its message alone, with `INVALID_BODY`.
   *
   * @example
   * ```ts
   * const emails = broker.queue<{ to: string }>("emails");
   * const results = await emails.sendBatch([{ body: { to: "ada@example.com" } }, { body: { to: "bob@example.com" } }]);
   * for (const { id, error } of results) if (error !== undefined) console.error(id, error.code);
   * ```
   */
  sendBatch(messages: readonly (SendOptions<C> & { readonly body: Input })[]): Promise<readonly BatchResult[]>;
}

/** A handle of a topic. Every subscription gets its own copy of each message. */
export interface Topic<C extends Declared = Declared, Input = unknown, Output = Jsonify<Input>> {
  /** The name of the topic. */
  readonly name: string;
  /**
   * Publishes a message. Resolves when the broker has stored it for every existing subscription, even if there is none.
   * Where the broker knows that no subscription gets it, the logger and the channel `anybroker:unrouted` are told.
   * Retries and rejects like `send` of a queue.
   *
   * @example
   * ```ts
   * const signups = broker.topic<{ name: string }>("signups");
   * await signups.publish({ name: "Ada" }, { key: "ada", headers: { country: "uk" } });
   * ```
   */
  publish(body: Input, options?: PublishOptions<C>): Promise<Receipt>;
  /**
   * Publishes several messages, like `sendBatch` of a queue.
   *
   * @example
   * ```ts
   * const signups = broker.topic<{ name: string }>("signups");
   * await signups.publishBatch([{ body: { name: "Ada" } }, { body: { name: "Bob" }, key: "bob" }]);
   * ```
   */
  publishBatch(messages: readonly (PublishOptions<C> & { readonly body: Input })[]): Promise<readonly BatchResult[]>;
  /**
   * Returns a handle of a subscription. Consumers of one subscription compete for its messages. This is local, like
   * `queue` of the broker object.
   */
  subscription(name: string, options?: SubscriptionOptions<C>): Readable<Output>;
  /**
   * Starts a consumer of a subscription, which gets what is published from its creation on. Short for
   * `subscription(name, options).consume(handler, options)`, so it resolves and rejects as that does.
   *
   * @example
   * ```ts
   * const signups = broker.topic<{ name: string }>("signups");
   * await signups.subscribe("welcome-mail", ({ body }) => console.log(`Welcome, ${body.name}!`), {
   *   filter: { country: ["uk", "ie"] },
   *   concurrency: 8,
   * });
   * ```
   */
  subscribe(
    name: string,
    handler: Handler<Output>,
    options?: SubscriptionOptions<C> & ConsumeOptions,
  ): Promise<Consumer>;
}
