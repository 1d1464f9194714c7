import type { OwnCodec } from "../body/format.ts";
import type { Jsonify } from "../body/jsonify.ts";
import type { Capabilities, Declared } from "../contract/capabilities.ts";
import type { ServerInfo } from "../contract/link.ts";
import type { ConsumerHealth } from "./consuming.ts";
import type { Queue, QueueOptions, SubscriptionOptions, Topic, TopicOptions } from "./destinations.ts";

/** Queues, topics and durable subscriptions to declare in one call, for example from a deployment script. */
export interface Topology<C extends Declared = Declared> {
  /** The options of each queue, by name. */
  readonly queues?: Readonly<Record<string, Omit<QueueOptions<C>, "schema" | "codec">>> | undefined;
  /** The options and subscriptions of each topic, by name. */
  readonly topics?:
    | Readonly<
        Record<
          string,
          Omit<TopicOptions<C>, "schema" | "codec"> & {
            readonly subscriptions?: Readonly<Record<string, SubscriptionOptions<C>>> | undefined;
          }
        >
      >
    | undefined;
}

/** Queues, topics and durable subscriptions to delete or to purge, by name. */
export interface Removal {
  /** The names of queues. */
  readonly queues?: readonly string[] | undefined;
  /** Topics by name: with a list only these subscriptions of the topic, without one the topic and all of them. */
  readonly topics?: Readonly<Record<string, { readonly subscriptions?: readonly string[] | undefined }>> | undefined;
}

/** The state of a broker object. */
export interface Health {
  /**
   * - `up`: connected, and the server works as it should.
   * - `degraded`: connected, but the server does not answer or works only in part, for example because of a resource
   *   alarm; or a consumer is stuck, or has not been reading for longer than the lease.
   * - `down`: not connected. The broker object keeps reconnecting, unless it is closed.
   */
  readonly status: "up" | "degraded" | "down";
  /** Why the status is not `up`; undefined if it is. */
  readonly reason: string | undefined;
  /** The connected server; undefined if there is no connection. */
  readonly server: ServerInfo | undefined;
  /** The consumers that have not closed. */
  readonly consumers: readonly ConsumerHealth[];
  /** Further facts, named by the adapter. */
  readonly details: Readonly<Record<string, string | number | boolean>>;
}

/**
 * A connection to one broker, with the handles, consumers and pending sends that use it. It reconnects by itself until
 * it is closed. `await using` closes it at the end of the block.
 */
export interface Broker<C extends Declared = Declared, N = unknown> extends AsyncDisposable {
  /** Returns a handle of a queue whose bodies have a codec of your own. Handlers get what the codec decodes. */
  queue<Input, Output = Input>(
    name: string,
    options: QueueOptions<C, Input, Output> & OwnCodec<Input, Output>,
  ): Queue<C, Input, Output>;
  /**
   * Returns a handle of a queue. This is local: the queue is declared when it is first used. Throws a `TypeError` for
   * an illegal name, an unknown option, or options that conflict with an earlier handle, and `UNSUPPORTED` if the
   * broker lacks what an option needs.
   *
   * Bodies are sent as JSON. Without a schema, handlers get what JSON gives back: of a `Date` a string. See
   * {@link Jsonify}.
   */
  queue<Input = unknown, Output = Jsonify<Input>>(
    name: string,
    options?: QueueOptions<C, Input, Output>,
  ): Queue<C, Input, Output>;
  /** Returns a handle of a topic whose bodies have a codec of your own. Handlers get what the codec decodes. */
  topic<Input, Output = Input>(
    name: string,
    options: TopicOptions<C, Input, Output> & OwnCodec<Input, Output>,
  ): Topic<C, Input, Output>;
  /** Returns a handle of a topic. Like `queue`, this is local and throws the same errors. */
  topic<Input = unknown, Output = Jsonify<Input>>(
    name: string,
    options?: TopicOptions<C, Input, Output>,
  ): Topic<C, Input, Output>;
  /**
   * Declares queues, topics and subscriptions now instead of at their first use. Depending on the connect option
   * `topology` this creates missing ones, or rejects with `NOT_FOUND` or `DRIFT`, or does nothing. Where it creates, it
   * also stores the filter of an existing subscription in place of another one. Rejects with a `TypeError` for an
   * ephemeral subscription.
   *
   * @example
   * ```ts
   * await broker.declare({
   *   queues: { emails: {}, payments: { ordered: true } },
   *   topics: { signups: { subscriptions: { "welcome-mail": { filter: { country: "uk" } } } } },
   * });
   * ```
   */
  declare(topology: Topology<C>, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Deletes queues, topics and subscriptions with everything of theirs: messages, delayed messages, dead letters and
   * return queues. It does so with every `topology`. A missing entity is not an error.
   *
   * With `topology: "create"` a running consumer and the next send create a queue again, so close consumers first. A topic
   * without a list of subscriptions is deleted with all of them. Some brokers cannot list them: there it is `REJECTED`
   * while the topic has any, so delete them by name first, in a call of their own.
   *
   * Rejects with `FORBIDDEN` if the account lacks the right, `UNSUPPORTED` if the broker cannot delete, `TIMEOUT` after
   * 60 seconds, and a `TypeError` for an illegal name or an unknown key. After a rejection some entities may be deleted.
   *
   * @example
   * ```ts
   * await broker.delete({ queues: ["emails"], topics: { signups: { subscriptions: ["welcome-mail"] } } });
   * ```
   */
  delete(what: Removal, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Drops the messages that wait in queues and subscriptions: those that are ready, and those that are delayed or wait for
   * their next attempt. Messages that consumers hold stay, and so do dead letters (`deadLetters.remove`) and messages that
   * a topic keeps for its `retention`. A missing entity is not an error, and is not created.
   *
   * A topic without a list of subscriptions stands for all of them and for its delayed messages. That is `UNSUPPORTED` on
   * brokers that cannot list them. Rejects like `delete`.
   *
   * @example
   * ```ts
   * await broker.purge({ queues: ["emails"], topics: { signups: { subscriptions: ["welcome-mail"] } } });
   * ```
   */
  purge(what: Removal, options?: { readonly signal?: AbortSignal | undefined }): Promise<void>;
  /**
   * Asks the server about its state, for at most 5 seconds. Rejects only with a `TypeError` for a wrong option.
   */
  health(options?: { readonly signal?: AbortSignal | undefined }): Promise<Health>;
  /** The capabilities of the connected server. */
  readonly capabilities: Capabilities;
  /**
   * The client object of the current connection, for features that anybroker does not offer; undefined while
   * disconnected. A new connection has a new client, so do not keep it.
   */
  readonly native: N | undefined;
  /**
   * Closes all consumers, waits for pending sends, and disconnects. `drainTimeout` limits, in milliseconds, how long
   * handlers may still run and sends may still wait. By default each consumer goes by its own `drainTimeout`, and sends
   * have 20 000.
   * When the time is over, messages go back to the broker, and sends reject with `CLOSED`. Idempotent.
   */
  close(options?: { readonly drainTimeout?: number | undefined }): Promise<void>;
}
