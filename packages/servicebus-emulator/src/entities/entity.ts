import type { Rule } from "../filters/rule.ts";
import type { Clock, Timer } from "./clock.ts";
import { EntityError, entityNotFound } from "./errors.ts";
import type { DeadLetterTarget, Forward, Origin } from "./hand-over.ts";
import type { Content } from "./message.ts";
import type { QueueOptions } from "./options.ts";
import { MessageQueue } from "./queue.ts";
import { copiesFor, type SubscriptionRule, subscriptionRule } from "./rules.ts";

/** Something that uses an entity and has to know when it is gone. */
export interface Attachment {
  detach(reason: Error): void;
}

/** What entities need of their namespace. */
export interface Surroundings {
  readonly clock: Clock;
  /** Sends to the entity at a path. Throws an `EntityError` if that is impossible. */
  sendTo(path: string, content: Content, origin: Origin): void;
  /** The entity has been idle for as long as it may. */
  removeIdle(entity: Entity): void;
}

/** What queues, topics and subscriptions have in common. */
export abstract class Entity {
  readonly path: string;
  readonly createdAt: number;
  updatedAt: number;
  accessedAt: number;
  readonly attachments: Set<Attachment> = new Set();
  /** The messages of the entity itself. A topic keeps scheduled ones only. */
  abstract readonly queue: MessageQueue;
  protected readonly surroundings: Surroundings;
  readonly #idle: Timer;

  constructor(path: string, surroundings: Surroundings) {
    this.path = path;
    this.surroundings = surroundings;
    this.createdAt = surroundings.clock.now();
    this.updatedAt = this.createdAt;
    this.accessedAt = this.createdAt;
    this.#idle = surroundings.clock.timer(() => this.#checkIdle());
  }

  get options(): QueueOptions {
    return this.queue.options;
  }

  setOptions(options: QueueOptions): void {
    this.updatedAt = this.surroundings.clock.now();
    this.queue.options = options;
    this.watchIdle();
  }

  /** Notes that the entity is in use. */
  touch(): void {
    this.accessedAt = this.surroundings.clock.now();
  }

  /** The entity is gone: who uses it is told so. */
  dispose(): void {
    this.#idle.clear();
    this.queue.dispose();
    for (const attachment of [...this.attachments]) attachment.detach(entityNotFound(this.path));
    this.attachments.clear();
  }

  protected watchIdle(): void {
    const { autoDeleteOnIdle } = this.options;
    if (autoDeleteOnIdle !== Number.POSITIVE_INFINITY) this.#idle.set(this.accessedAt + autoDeleteOnIdle);
  }

  #checkIdle(): void {
    const { autoDeleteOnIdle } = this.options;
    if (autoDeleteOnIdle === Number.POSITIVE_INFINITY) return;
    if (this.attachments.size > 0) this.touch();
    if (this.accessedAt + autoDeleteOnIdle <= this.surroundings.clock.now()) this.surroundings.removeIdle(this);
    else this.watchIdle();
  }
}

/** A queue, or the queue of a subscription, with its dead letters. */
export class QueueEntity extends Entity implements DeadLetterTarget {
  readonly queue: MessageQueue;
  readonly deadLetters: MessageQueue;
  /** Messages that could not be forwarded. */
  readonly transferDeadLetters: MessageQueue;

  constructor(path: string, options: QueueOptions, surroundings: Surroundings) {
    super(path, surroundings);
    this.queue = new MessageQueue(path, options, surroundings.clock, this);
    this.deadLetters = new MessageQueue(`${path}/$DeadLetterQueue`, options, surroundings.clock);
    this.transferDeadLetters = new MessageQueue(`${path}/$Transfer/$DeadLetterQueue`, options, surroundings.clock);
    this.setOptions(options);
  }

  override setOptions(options: QueueOptions): void {
    super.setOptions(options);
    const plain: QueueOptions = {
      ...options,
      requiresSession: false,
      requiresDuplicateDetection: false,
      defaultTimeToLive: Number.POSITIVE_INFINITY,
      forwardTo: undefined,
      status: options.status === "Disabled" ? "Disabled" : "Active",
    };
    this.deadLetters.options = plain;
    this.transferDeadLetters.options = plain;
    this.queue.forward = this.#forwardTo(options.forwardTo);
    const { forwardDeadLettersTo } = options;
    this.deadLetters.forward =
      forwardDeadLettersTo === undefined
        ? undefined
        : (content, origin) =>
            this.surroundings.sendTo(forwardDeadLettersTo, content, { ...origin, deadLetterSource: this.path });
  }

  deadLetter(content: Content, origin: Origin): void {
    this.deadLetters.enqueue(content, origin);
  }

  transferDeadLetter(content: Content, origin: Origin): void {
    this.transferDeadLetters.enqueue(content, origin);
  }

  override dispose(): void {
    super.dispose();
    this.deadLetters.dispose();
    this.transferDeadLetters.dispose();
  }

  #forwardTo(path: string | undefined): Forward | undefined {
    if (path === undefined) return undefined;
    return (content, origin) => this.surroundings.sendTo(path, content, origin);
  }
}

/** The messages of a topic that its rules match. */
export class SubscriptionEntity extends QueueEntity {
  readonly topic: TopicEntity;
  readonly name: string;
  /** By the lower-cased name. */
  readonly #rules = new Map<string, SubscriptionRule>();

  constructor(topic: TopicEntity, name: string, options: QueueOptions, surroundings: Surroundings) {
    super(`${topic.path}/Subscriptions/${name}`, options, surroundings);
    this.topic = topic;
    this.name = name;
  }

  /** In the order in which they were added. */
  get rules(): readonly SubscriptionRule[] {
    return [...this.#rules.values()];
  }

  /** Throws an `EntityError` if the rule is not valid, or if there is one with its name. */
  addRule(rule: Rule): void {
    const key = rule.name.toLowerCase();
    if (this.#rules.has(key)) {
      throw new EntityError("already-exists", `The messaging entity '${this.path}/Rules/${rule.name}' already exists.`);
    }
    this.#rules.set(key, subscriptionRule(rule, this.surroundings.clock.now()));
    this.updatedAt = this.surroundings.clock.now();
  }

  /** Replaces the rule with the same name. */
  updateRule(rule: Rule): void {
    const before = this.findRule(rule.name);
    this.#rules.set(rule.name.toLowerCase(), subscriptionRule(rule, before.createdAt));
    this.updatedAt = this.surroundings.clock.now();
  }

  removeRule(name: string): void {
    this.findRule(name);
    this.#rules.delete(name.toLowerCase());
    this.updatedAt = this.surroundings.clock.now();
  }

  findRule(name: string): SubscriptionRule {
    const rule = this.#rules.get(name.toLowerCase());
    if (rule === undefined) throw entityNotFound(`${this.path}/Rules/${name}`);
    return rule;
  }

  /** Takes the copies of a message that the rules make. */
  offer(content: Content, origin: Origin): void {
    let copies: readonly Content[];
    try {
      copies = copiesFor(this.#rules.values(), content);
    } catch (error) {
      if (!this.options.deadLetterOnFilterError) return;
      const description = error instanceof Error ? error.message : String(error);
      const reasons = { DeadLetterReason: "FilterEvaluationException", DeadLetterErrorDescription: description };
      this.deadLetter(content.withProperties(reasons), origin);
      return;
    }
    for (const copy of copies) this.queue.enqueue(copy, origin);
  }
}

/** Hands every message to its subscriptions. */
export class TopicEntity extends Entity {
  readonly queue: MessageQueue;
  /** By the lower-cased name. */
  readonly subscriptions: Map<string, SubscriptionEntity> = new Map();

  constructor(path: string, options: QueueOptions, surroundings: Surroundings) {
    super(path, surroundings);
    this.queue = new MessageQueue(path, options, surroundings.clock);
    this.queue.forward = (content, origin) => {
      for (const subscription of this.subscriptions.values()) subscription.offer(content, origin);
    };
    this.watchIdle();
  }

  override dispose(): void {
    super.dispose();
    for (const subscription of this.subscriptions.values()) subscription.dispose();
  }
}
