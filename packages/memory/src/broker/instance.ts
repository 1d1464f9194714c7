import type { Clock, Settlement, Stats } from "@anybroker/core/driver";
import { Budget } from "./budget.ts";
import { MemoryError } from "./memory-error.ts";
import type { QueueStore } from "./queue-store.ts";
import { Timing } from "./timing.ts";
import type { TopicStore } from "./topic-store.ts";

/** Something that a link does, as a fault hook sees it. */
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
 * How an operation fails. `refuse`: it does not happen, and its caller is told so. `unconfirmed`: it happens, and its
 * caller does not get to know; a connect is refused.
 */
export type MemoryFault = "refuse" | "unconfirmed";

/** Decides for each operation whether it fails. */
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
  /** Undefined: it belongs to one broker object alone. */
  readonly name: string | undefined;
  /** Messages it holds, a published one counted for each subscription that has not handled it. */
  readonly messages: number;
  /** Bytes it holds: bodies and headers. */
  readonly bytes: number;
  /** What there is now. */
  entities(): readonly MemoryEntity[];
  /** Deletes an entity with all that is in it, its readers' sources included. False: there is none. */
  delete(kind: MemoryEntity["kind"], name: string): boolean;
  /** Breaks all open links, as a network would: unsettled messages go back at once, and clients have to reconnect. */
  disconnect(): void;
  /** Makes operations of all links fail; the hook is asked for each until it is replaced, or removed with undefined. */
  interfere(hook: MemoryFaultHook | undefined): void;
}

/** Something that ends with the connection. */
export interface Endable {
  end(reason: MemoryError): void;
}

/** What an instance may hold; undefined: as it is, or the default. */
export interface Bounds {
  readonly maxMessages: number | undefined;
  readonly maxBytes: number | undefined;
}

const MAX_MESSAGES = 100_000;
const MAX_BYTES = 268_435_456;

/** One embedded broker. */
export class Instance implements MemoryInstance {
  readonly name: string | undefined;
  readonly budget: Budget;
  readonly timing: Timing = new Timing();
  readonly queues: Map<string, QueueStore> = new Map();
  readonly topics: Map<string, TopicStore> = new Map();
  readonly #links = new Set<Endable>();
  readonly #forget: () => void;
  #hook: MemoryFaultHook | undefined;

  constructor(name: string | undefined, bounds: Bounds, forget: () => void) {
    this.name = name;
    this.budget = new Budget(bounds.maxMessages ?? MAX_MESSAGES, bounds.maxBytes ?? MAX_BYTES);
    this.#forget = forget;
  }

  get messages(): number {
    return this.budget.messages;
  }

  get bytes(): number {
    return this.budget.bytes;
  }

  get links(): number {
    return this.#links.size;
  }

  attach(link: Endable, clock: Clock): void {
    if (this.fault(() => ({ kind: "connect" })) !== undefined) {
      throw new MemoryError("refused", "the fault hook refused the connection");
    }
    this.timing.start(clock);
    this.#links.add(link);
  }

  detach(link: Endable): void {
    this.#links.delete(link);
    if (this.#links.size === 0) this.timing.stop();
    this.#forgetIfEmpty();
  }

  /** What the hook says; the operation is only made when there is a hook. */
  fault(operation: () => MemoryOperation): MemoryFault | undefined {
    return this.#hook?.(operation());
  }

  /** Whether so much more fits, after what topics need not keep any longer has gone. */
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

  delete(kind: MemoryEntity["kind"], name: string): boolean {
    const found = this.#holder(kind, name);
    const entity = found?.get(name);
    if (found === undefined || entity === undefined) return false;
    found.delete(name);
    entity.delete();
    this.#forgetIfEmpty();
    return true;
  }

  disconnect(): void {
    for (const link of [...this.#links]) link.end(new MemoryError("disconnected", "the connection was broken"));
  }

  interfere(hook: MemoryFaultHook | undefined): void {
    this.#hook = hook;
  }

  #holder(kind: MemoryEntity["kind"], name: string): Map<string, { delete(): void }> | undefined {
    if (kind === "queue") return this.queues;
    if (kind === "topic") return this.topics;
    return [...this.topics.values()].find(({ subscriptions }) => subscriptions.has(name))?.subscriptions;
  }

  #forgetIfEmpty(): void {
    if (this.#links.size + this.queues.size + this.topics.size === 0) this.#forget();
  }
}
