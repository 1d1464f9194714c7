import type { Clock, Settlement, Stats } from "@anybroker/core/driver";
import { Budget } from "./budget.ts";
import type { Endable } from "./endable.ts";
import { MemoryError } from "./memory-error.ts";
import type { MemorySentMessage } from "./message.ts";
import type { QueueStore } from "./queue-store.ts";
import { Timers } from "./timers.ts";
import type { TopicStore } from "./topic-store.ts";

/** An operation of a link, as a fault hook sees it. */
export type MemoryOperation =
  | { readonly kind: "connect" }
  | { readonly kind: "send"; readonly destination: string; readonly id: string }
  | {
      readonly kind: "settle";
      readonly source: string;
      readonly id: string;
      readonly action: Settlement["action"];
    };

/**
 * How an operation fails. `refuse`: it does not happen, and its caller is told. `unconfirmed`: it happens, and its caller
 * is not told; a connect is refused.
 */
export type MemoryFault = "refuse" | "unconfirmed";

/** Decides for each operation whether it fails. Undefined: it does not. */
export type MemoryFaultHook = (operation: MemoryOperation) => MemoryFault | undefined;

/** A queue, topic or durable subscription of an instance; a subscription `S` of the topic `T` is named `T.sub.S`. */
export interface MemoryEntity {
  readonly kind: "queue" | "topic" | "subscription";
  readonly name: string;
  /** Undefined for a topic. */
  readonly stats: Stats | undefined;
}

/** The embedded broker itself, for tests: `broker.native`. */
export interface MemoryInstance {
  /** Undefined when the instance belongs to one broker object alone. */
  readonly name: string | undefined;
  /** How many messages it holds. A published message counts once for each subscription that has not handled it. */
  readonly messages: number;
  /** How many bytes of bodies and headers it holds. */
  readonly bytes: number;
  /** All entities that exist now. */
  entities(): readonly MemoryEntity[];
  /**
   * The messages of a queue or durable subscription that are not settled, as copies: in the order of arrival, and after
   * them the delayed ones in the order of time. Nothing is consumed. Empty when it does not exist.
   */
  peek(kind: "queue" | "subscription", name: string): readonly MemorySentMessage[];
  /**
   * Everything that was published to a topic, as copies, even without a subscription. Empty when the topic does not
   * exist. Only on a manual clock is that remembered; on another one it throws a {@link MemoryError}.
   */
  published(topic: string): readonly MemorySentMessage[];
  /** Deletes an entity with its messages, and ends the sources that read it. False when it does not exist. */
  delete(kind: MemoryEntity["kind"], name: string): boolean;
  /** Breaks all open links, as a network would. Unsettled messages go back at once, and clients have to reconnect. */
  disconnect(): void;
  /** Makes operations of all links fail: the hook is called for each of them. Undefined removes the hook. */
  interfere(hook: MemoryFaultHook | undefined): void;
}

/** How much an instance may hold. Undefined: the default, or what the instance has already. */
export interface Bounds {
  readonly maxMessages: number | undefined;
  readonly maxBytes: number | undefined;
}

const DEFAULT_MAX_MESSAGES = 100_000;
const DEFAULT_MAX_BYTES = 268_435_456;

/** One embedded broker. */
export class Instance implements MemoryInstance {
  readonly name: string | undefined;
  readonly budget: Budget;
  readonly timers: Timers = new Timers();
  readonly queues: Map<string, QueueStore> = new Map();
  readonly topics: Map<string, TopicStore> = new Map();
  readonly #connections = new Set<Endable>();
  readonly #onUnused: () => void;
  #hook: MemoryFaultHook | undefined;

  /** `onUnused` is called when no link is open and no entity exists. */
  constructor(name: string | undefined, bounds: Bounds, onUnused: () => void) {
    this.name = name;
    this.budget = new Budget(bounds.maxMessages ?? DEFAULT_MAX_MESSAGES, bounds.maxBytes ?? DEFAULT_MAX_BYTES);
    this.#onUnused = onUnused;
  }

  get messages(): number {
    return this.budget.messages;
  }

  get bytes(): number {
    return this.budget.bytes;
  }

  get links(): number {
    return this.#connections.size;
  }

  attach(connection: Endable, clock: Clock): void {
    if (this.fault(() => ({ kind: "connect" })) !== undefined) {
      throw new MemoryError("refused", "the fault hook refused the connection");
    }
    this.timers.start(clock);
    this.#connections.add(connection);
  }

  detach(connection: Endable): void {
    this.#connections.delete(connection);
    if (this.#connections.size === 0) this.timers.stop();
    this.#checkUnused();
  }

  /** The decision of the hook. `operation` is called only when there is a hook. */
  fault(operation: () => MemoryOperation): MemoryFault | undefined {
    return this.#hook?.(operation());
  }

  /** Whether this much more fits, once topics have dropped what their retention no longer covers. */
  hasRoom(messages: number, bytes: number): boolean {
    if (this.budget.hasRoom(messages, bytes)) return true;
    for (const topic of this.topics.values()) topic.trim();
    return this.budget.hasRoom(messages, bytes);
  }

  entities(): readonly MemoryEntity[] {
    const queues = [...this.queues].map(([name, store]) => ({ kind: "queue" as const, name, stats: store.stats() }));
    const topics = [...this.topics.values()].flatMap(({ name, subscriptions }) => [
      { kind: "topic" as const, name, stats: undefined },
      ...[...subscriptions].map(([path, store]) => ({
        kind: "subscription" as const,
        name: path,
        stats: store.stats(),
      })),
    ]);
    return [...queues, ...topics];
  }

  peek(kind: "queue" | "subscription", name: string): readonly MemorySentMessage[] {
    const stores = kind === "queue" ? this.queues : this.#topicWith(name)?.subscriptions;
    return stores?.get(name)?.peek() ?? [];
  }

  published(topic: string): readonly MemorySentMessage[] {
    if (!this.timers.isManual) {
      throw new MemoryError("config", "only an instance on a manual clock remembers what was published");
    }
    return this.topics.get(topic)?.published() ?? [];
  }

  delete(kind: MemoryEntity["kind"], name: string): boolean {
    const stores = this.#storesWith(kind, name);
    const store = stores?.get(name);
    if (stores === undefined || store === undefined) return false;
    stores.delete(name);
    store.delete();
    this.#checkUnused();
    return true;
  }

  disconnect(): void {
    for (const connection of [...this.#connections]) {
      connection.end(new MemoryError("disconnected", "the connection was broken"));
    }
  }

  interfere(hook: MemoryFaultHook | undefined): void {
    this.#hook = hook;
  }

  #storesWith(kind: MemoryEntity["kind"], name: string): Map<string, { delete(): void }> | undefined {
    if (kind === "queue") return this.queues;
    if (kind === "topic") return this.topics;
    return this.#topicWith(name)?.subscriptions;
  }

  #topicWith(subscription: string): TopicStore | undefined {
    return [...this.topics.values()].find(({ subscriptions }) => subscriptions.has(subscription));
  }

  #checkUnused(): void {
    if (this.#connections.size + this.queues.size + this.topics.size === 0) this.#onUnused();
  }
}
