import type { Capabilities, Declared } from "../contract/capabilities.ts";
import type { ServerInfo } from "../contract/link.ts";
import type { Queue, QueueOptions, SubscriptionOptions, Topic, TopicOptions } from "./destinations.ts";

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
