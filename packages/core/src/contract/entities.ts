/** A subscription's filter: a message matches if it has, for each of these headers, one of the listed values. */
export type Filter = Readonly<Record<string, readonly string[]>>;

/** A queue: each message is handled by one consumer. */
export interface QueueEntity {
  readonly kind: "queue";
  readonly name: string;
  readonly ordered: boolean;
}

/** A topic: every subscription gets its own copy of each message. */
export interface TopicEntity {
  readonly kind: "topic";
  readonly name: string;
  /**
   * How long the topic keeps messages that every subscription has handled, for future subscriptions, in milliseconds.
   */
  readonly retention: number;
}

/** A subscription of a topic. Its consumers compete for its copies of the messages. */
export interface SubscriptionEntity {
  readonly kind: "subscription";
  readonly name: string;
  readonly topic: TopicEntity;
  readonly ordered: boolean;
  /**
   * The filter that was asked for. Where the broker keeps filters, that of an existing subscription decides instead: see
   * `Source.storedFilter`.
   */
  readonly filter: Filter | undefined;
  /** The position at which a new subscription begins. */
  readonly from: "latest" | "earliest" | Date;
  /**
   * If false, the subscription is ephemeral: it belongs to one source, begins when that source opens, ends when it
   * closes, and leaves nothing behind.
   */
  readonly durable: boolean;
}

/** An entity to send messages to. */
export type Destination = QueueEntity | TopicEntity;

/** An entity to read messages from. */
export type SourceEntity = QueueEntity | SubscriptionEntity;

/** Any entity. */
export type Entity = Destination | SubscriptionEntity;

/** A property in which an existing entity differs from what was asked for. */
export interface Drift {
  readonly entity: Entity;
  /** The option that differs, such as `ordered`, or the property in the broker's terms where it is not an option. */
  readonly property: string;
  readonly expected: string;
  /** The value that the entity has, as far as the broker tells. */
  readonly found: string;
}

/** Returns the entity's kind and name for error messages. */
export function describeEntity(entity: Entity): string {
  if (entity.kind === "subscription") return `subscription ${entity.name} of topic ${entity.topic.name}`;
  return `${entity.kind} ${entity.name}`;
}
