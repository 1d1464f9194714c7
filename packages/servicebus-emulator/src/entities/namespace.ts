import type { Rule } from "../filters/rule.ts";
import type { Clock } from "./clock.ts";
import { type Entity, QueueEntity, SubscriptionEntity, type Surroundings, TopicEntity } from "./entity.ts";
import { EntityError, entityNotFound } from "./errors.ts";
import { DEFAULT_OPTIONS, type QueueOptions } from "./options.ts";
import type { MessageQueue } from "./queue.ts";
import { DEFAULT_RULE } from "./rules.ts";

/** How often a message may be forwarded. */
const MAX_HOPS = 4;

/** An entity that an address names, and which of its queues. */
export interface Place {
  readonly entity: Entity;
  readonly queue: MessageQueue;
}

/** All entities, by their paths, which are compared without regard to case. */
export class Namespace {
  readonly #entities = new Map<string, Entity>();
  readonly #surroundings: Surroundings;
  readonly clock: Clock;

  constructor(clock: Clock) {
    this.clock = clock;
    this.#surroundings = {
      clock,
      sendTo: (path, content, origin) => {
        if ((origin.hops ?? 0) > MAX_HOPS) {
          throw new EntityError("not-allowed", `The message was forwarded more than ${MAX_HOPS} times.`);
        }
        const entity = this.#entities.get(path.toLowerCase());
        if (entity === undefined) throw entityNotFound(path);
        entity.queue.receiveForwarded(content, origin);
        entity.touch();
      },
      removeIdle: (entity) => this.delete(entity.path),
    };
  }

  entities(): Iterable<Entity> {
    return this.#entities.values();
  }

  createQueue(path: string, options: Partial<QueueOptions> = {}): QueueEntity {
    this.#assertFree(path);
    const queue = new QueueEntity(path, { ...DEFAULT_OPTIONS, ...options }, this.#surroundings);
    this.#entities.set(path.toLowerCase(), queue);
    return queue;
  }

  createTopic(path: string, options: Partial<QueueOptions> = {}): TopicEntity {
    this.#assertFree(path);
    const topic = new TopicEntity(path, { ...DEFAULT_OPTIONS, ...options }, this.#surroundings);
    this.#entities.set(path.toLowerCase(), topic);
    return topic;
  }

  /** Without rules, a subscription gets every message of its topic. */
  createSubscription(
    topicPath: string,
    name: string,
    options: Partial<QueueOptions> = {},
    rules: readonly Rule[] = [DEFAULT_RULE],
  ): SubscriptionEntity {
    const topic = this.find(topicPath);
    if (!(topic instanceof TopicEntity)) throw entityNotFound(topicPath);
    const key = `${topic.path}/subscriptions/${name}`.toLowerCase();
    this.#assertFree(key);
    const subscription = new SubscriptionEntity(topic, name, { ...DEFAULT_OPTIONS, ...options }, this.#surroundings);
    for (const rule of rules) subscription.addRule(rule);
    this.#entities.set(key, subscription);
    topic.subscriptions.set(name.toLowerCase(), subscription);
    return subscription;
  }

  /** Deletes an entity with everything that belongs to it. Those who use it are detached. */
  delete(path: string): void {
    const entity = this.find(path);
    if (entity === undefined) throw entityNotFound(path);
    this.#entities.delete(entity.path.toLowerCase());
    if (entity instanceof SubscriptionEntity) entity.topic.subscriptions.delete(entity.name.toLowerCase());
    if (entity instanceof TopicEntity) {
      for (const subscription of entity.subscriptions.values()) {
        this.#entities.delete(subscription.path.toLowerCase());
      }
    }
    entity.dispose();
  }

  find(path: string): Entity | undefined {
    return this.#entities.get(path.toLowerCase());
  }

  /** What an address means: an entity, or one of its queues of dead letters. */
  resolve(address: string): Place | undefined {
    const lower = address.toLowerCase();
    const transfer = lower.endsWith("/$transfer/$deadletterqueue");
    const dead = transfer || lower.endsWith("/$deadletterqueue");
    const path = transfer ? lower.slice(0, -27) : dead ? lower.slice(0, -17) : lower;
    const entity = this.#entities.get(path);
    if (entity === undefined) return undefined;
    if (!dead) return { entity, queue: entity.queue };
    if (!(entity instanceof QueueEntity)) return undefined;
    return { entity, queue: transfer ? entity.transferDeadLetters : entity.deadLetters };
  }

  dispose(): void {
    for (const entity of this.#entities.values()) entity.dispose();
    this.#entities.clear();
  }

  #assertFree(path: string): void {
    if (this.#entities.has(path.toLowerCase())) {
      throw new EntityError("already-exists", `The messaging entity '${path}' already exists.`);
    }
  }
}
