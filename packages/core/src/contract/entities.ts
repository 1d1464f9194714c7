/** Which headers a message must carry for a subscription to get it: all names, for each one of the values. */
export type Filter = Readonly<Record<string, readonly string[]>>;

/** A point-to-point destination. */
export interface QueueEntity {
  readonly kind: "queue";
  readonly name: string;
  readonly ordered: boolean;
}

/** A one-to-many destination. */
export interface TopicEntity {
  readonly kind: "topic";
  readonly name: string;
  /** For how many milliseconds what every subscription has handled is kept for those to come. */
  readonly retention: number;
}

/** One reader of a topic, with a copy of every message of its own. */
export interface SubscriptionEntity {
  readonly kind: "subscription";
  readonly name: string;
  readonly topic: TopicEntity;
  readonly ordered: boolean;
  /** The core applies it to every delivery; the driver may apply it earlier to save traffic. */
  readonly filter: Filter | undefined;
  /** Where it begins when it is created. */
  readonly from: "latest" | "earliest" | Date;
  /** When false it belongs to one source: it begins when that opens, ends when that closes, and leaves nothing. */
  readonly durable: boolean;
}

export type Destination = QueueEntity | TopicEntity;

export type SourceEntity = QueueEntity | SubscriptionEntity;

export type Entity = Destination | SubscriptionEntity;

/** An entity that exists, but not as it is asked for. */
export interface Drift {
  readonly entity: Entity;
  /** The property that differs, in the broker's words. */
  readonly property: string;
  readonly expected: string;
  /** What was found, as far as the broker says. */
  readonly found: string;
}

/** The entity as error messages name it. */
export function describeEntity(entity: Entity): string {
  if (entity.kind === "subscription") return `subscription ${entity.name} of topic ${entity.topic.name}`;
  return `${entity.kind} ${entity.name}`;
}
