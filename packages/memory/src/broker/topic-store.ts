import type { Filter, SubscriptionEntity } from "@anybroker/core/driver";
import { type Budget, BudgetShare } from "./budget.ts";
import { Fifo } from "./fifo.ts";
import { MemoryError } from "./memory-error.ts";
import { type MemoryMessage, type MemorySentMessage, sentMessage } from "./message.ts";
import { QueueStore } from "./queue-store.ts";
import type { Timers } from "./timers.ts";

/** One topic: its subscriptions, and the messages that it keeps for later ones. */
export class TopicStore {
  readonly name: string;
  readonly retention: number;
  /** The durable subscriptions, by name. */
  readonly subscriptions: Map<string, QueueStore> = new Map();
  readonly ephemeral: Set<QueueStore> = new Set();
  /** Everything that was published, for tests. Filled only on a manual clock. */
  readonly #published: { readonly message: MemoryMessage; readonly due: number | undefined }[] = [];
  /** Messages that the retention keeps. */
  readonly #log = new Fifo<{ readonly at: number; readonly message: MemoryMessage }>();
  readonly #timers: Timers;
  readonly #budget: Budget;
  readonly #share: BudgetShare;
  /** The delayed messages, each in an object of its own. */
  readonly #delayed = new Set<{ readonly message: MemoryMessage }>();

  constructor(name: string, retention: number, timers: Timers, budget: Budget) {
    this.name = name;
    this.retention = retention;
    this.#timers = timers;
    this.#budget = budget;
    this.#share = new BudgetShare(budget);
  }

  /** How many copies of a message the topic would store. */
  copies(message: MemoryMessage): number {
    let count = this.retention > 0 ? 1 : 0;
    for (const _ of this.#matching(message)) count += 1;
    return count;
  }

  /** Whether a subscription gets the message now. */
  isWanted(message: MemoryMessage): boolean {
    for (const _ of this.#matching(message)) return true;
    return false;
  }

  /** Accepts a message. With `due` it reaches the subscriptions that exist by then. */
  publish(message: MemoryMessage, due: number | undefined): void {
    if (this.#timers.isManual) this.#published.push({ message, due });
    if (due === undefined) this.#add(message);
    else this.#addLater(message, due);
  }

  published(): readonly MemorySentMessage[] {
    return this.#published.map(({ message, due }) => sentMessage(message, due));
  }

  #add(message: MemoryMessage): void {
    for (const store of this.#matching(message)) store.add(message);
    if (this.retention <= 0) return;
    this.trim();
    this.#share.charge(1, message.size);
    this.#log.push({ at: this.#timers.now, message });
  }

  #addLater(message: MemoryMessage, due: number): void {
    const delayed = { message };
    this.#share.charge(1, message.size);
    this.#delayed.add(delayed);
    this.#timers.runAt(due, () => {
      if (!this.#delayed.delete(delayed)) return;
      this.#share.charge(-1, -message.size);
      this.#add(message);
    });
  }

  /** Makes the store of a subscription, with the kept messages that it begins with. */
  subscribe(entity: SubscriptionEntity, name: string): QueueStore {
    this.trim();
    const { filter, from } = entity;
    const since = from === "earliest" ? 0 : from === "latest" ? Number.POSITIVE_INFINITY : from.getTime();
    const backlog = this.#log.values().filter(({ at, message }) => at >= since && matches(filter, message));
    const bytes = backlog.reduce((sum, { message }) => sum + message.size, 0);
    if (!this.#budget.hasRoom(backlog.length, bytes)) {
      throw new MemoryError(
        "full",
        `there is no room for the ${backlog.length} kept messages with which ${name} begins`,
      );
    }
    const store = new QueueStore({ name, ordered: entity.ordered }, this.#timers, this.#budget);
    store.filter = filter;
    for (const { message } of backlog) store.add(message);
    return store;
  }

  /** Drops the messages that the retention no longer covers. */
  trim(): void {
    const end = this.#timers.now - this.retention;
    for (let first = this.#log.peek(); first !== undefined && first.at <= end; first = this.#log.peek()) {
      this.#log.shift();
      this.#share.charge(-1, -first.message.size);
    }
  }

  /** Drops delayed messages, and what waits in the durable subscriptions. What the retention keeps stays. */
  purge(): void {
    for (const { message } of this.#delayed) this.#share.charge(-1, -message.size);
    this.#delayed.clear();
    for (const store of this.subscriptions.values()) store.purge();
  }

  delete(): void {
    this.#delayed.clear();
    for (const store of [...this.subscriptions.values(), ...this.ephemeral]) store.delete();
    this.#share.free();
  }

  *#matching(message: MemoryMessage): Iterable<QueueStore> {
    for (const store of this.subscriptions.values()) if (matches(store.filter, message)) yield store;
    for (const store of this.ephemeral) if (matches(store.filter, message)) yield store;
  }
}

function matches(filter: Filter | undefined, { headers }: MemoryMessage): boolean {
  if (filter === undefined) return true;
  return Object.entries(filter).every(([name, values]) => {
    const value = headers[name];
    return value !== undefined && values.includes(value);
  });
}
