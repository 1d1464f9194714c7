import type { BodyOptions } from "../body/format.ts";
import type { Declared, If, IfOrdering } from "../contract/capabilities.ts";
import type { Stats } from "../contract/link.ts";
import type { ConsumeBatchOptions, ConsumeOptions, Consumer } from "./consuming.ts";
import type { DeadLetters } from "./dead-letters.ts";
import type { BatchHandler, Handler } from "./message.ts";
import type { BatchResult, PublishOptions, Receipt, SendOptions } from "./sending.ts";

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
