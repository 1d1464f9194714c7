import type {
  Destination,
  Drift,
  Entity,
  Filter,
  Naming,
  QueueEntity,
  SourceEntity,
  SubscriptionEntity,
  TopicEntity,
} from "@anybroker/core/driver";
import type { Instance } from "./broker/instance.ts";
import { MemoryError } from "./broker/memory-error.ts";
import { QueueStore } from "./broker/queue-store.ts";
import { TopicStore } from "./broker/topic-store.ts";

type Mode = "create" | "verify";

/** The entities of one instance under the names that one driver gives them. */
export class Topology {
  readonly #instance: Instance;
  readonly #naming: Naming;

  constructor(instance: Instance, naming: Naming) {
    this.#instance = instance;
    this.#naming = naming;
  }

  declare(entity: Entity, mode: Mode): readonly Drift[] {
    switch (entity.kind) {
      case "queue":
        return this.#declareQueue(entity, mode);
      case "topic":
        return this.#declareTopic(entity, mode);
      case "subscription":
        return entity.durable ? this.#declareSubscription(entity, mode) : [];
    }
  }

  destination(entity: Destination): QueueStore | TopicStore {
    return entity.kind === "queue" ? this.source(entity) : this.#topic(entity);
  }

  /** Of several ephemeral subscriptions with one name the oldest. */
  source(entity: SourceEntity): QueueStore {
    const name = this.#naming.source(entity);
    if (entity.kind === "queue") return this.#instance.queues.get(name) ?? missing("queue", name);
    const topic = this.#topic(entity.topic);
    const found = entity.durable
      ? topic.subscriptions.get(name)
      : [...topic.ephemeral].find((store) => store.shape.name === name);
    return found ?? missing("subscription", name);
  }

  /** A subscription that the caller ends with what is answered. */
  subscribeEphemeral(entity: SubscriptionEntity): { readonly store: QueueStore; readonly end: () => void } {
    const topic = this.#topic(entity.topic);
    const store = topic.subscribe(entity, this.#naming.source(entity));
    topic.ephemeral.add(store);
    const end = (): void => {
      if (topic.ephemeral.delete(store)) store.delete();
    };
    return { store, end };
  }

  #topic({ name }: TopicEntity): TopicStore {
    const path = this.#naming.topic(name);
    return this.#instance.topics.get(path) ?? missing("topic", path);
  }

  #declareQueue(entity: QueueEntity, mode: Mode): readonly Drift[] {
    const name = this.#naming.source(entity);
    const { queues, timing, budget } = this.#instance;
    const found = queues.get(name);
    if (found !== undefined) return drift(entity, "ordered", entity.ordered, found.shape.ordered);
    if (mode === "verify") missing("queue", name);
    queues.set(name, new QueueStore({ name, ordered: entity.ordered, filter: undefined }, timing, budget));
    return [];
  }

  #declareTopic(entity: TopicEntity, mode: Mode): readonly Drift[] {
    const name = this.#naming.topic(entity.name);
    const { topics, timing, budget } = this.#instance;
    const found = topics.get(name);
    if (found !== undefined) return drift(entity, "retention", entity.retention, found.retention);
    if (mode === "verify") missing("topic", name);
    topics.set(name, new TopicStore(name, entity.retention, timing, budget));
    return [];
  }

  #declareSubscription(entity: SubscriptionEntity, mode: Mode): readonly Drift[] {
    const name = this.#naming.source(entity);
    const topic = this.#topic(entity.topic);
    const found = topic.subscriptions.get(name);
    if (found !== undefined) {
      return [
        ...drift(entity, "ordered", entity.ordered, found.shape.ordered),
        ...drift(entity, "filter", canonical(entity.filter), canonical(found.shape.filter)),
      ];
    }
    if (mode === "verify") missing("subscription", name);
    topic.subscriptions.set(name, topic.subscribe(entity, name));
    return [];
  }
}

function drift<T extends string | number | boolean>(
  entity: Entity,
  property: string,
  expected: T,
  found: T,
): readonly Drift[] {
  return expected === found ? [] : [{ entity, property, expected: String(expected), found: String(found) }];
}

/** The same text for filters that mean the same. */
function canonical(filter: Filter | undefined): string {
  if (filter === undefined) return "none";
  const names = Object.keys(filter).sort();
  return JSON.stringify(names.map((name) => [name, [...(filter[name] ?? [])].sort()]));
}

function missing(kind: string, name: string): never {
  throw new MemoryError("missing", `there is no ${kind} ${name}`);
}
