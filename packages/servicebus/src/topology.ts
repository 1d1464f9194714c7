import type * as core from "@anybroker/core/driver";
import { Naming } from "@anybroker/core/driver";
import type { CreateQueueOptions } from "@azure/service-bus";

/** The deliveries after which the service itself dead-letters a message: its most. Releases count, so it is a backstop only. */
const MAX_DELIVERIES = 2_000;

/** The longest lock that a queue may have, in ms. */
const LONGEST_LOCK = 300_000;
/** The shortest lock that the service takes, in ms. */
const SHORTEST_LOCK = 5_000;

/** A duration as the service writes it (ISO 8601). */
export function duration(ms: number): string {
  return `PT${ms / 1_000}S`;
}

/** Reads a duration of the service, in ms. */
export function readDuration(text: string): number {
  const match = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)?$/.exec(text);
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (match?.slice(1) ?? []).map((part) => Number(part ?? 0));
  return match === null ? Number.NaN : (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1_000;
}

/** The lock time of the entities that we create, in ms: the lease, as far as the service takes it. */
export function lockOf(lease: number, emulator: boolean): number {
  return Math.min(LONGEST_LOCK, emulator ? lease : Math.max(SHORTEST_LOCK, lease));
}

/** The options of a queue, and of the queue of a subscription. */
export function queueOptions(lock: number, ordered: boolean): CreateQueueOptions {
  return { lockDuration: duration(lock), maxDeliveryCount: MAX_DELIVERIES, requiresSession: ordered };
}

/** How long an ephemeral subscription outlives a program that was killed, in ms: the least that the service takes. */
export const EPHEMERAL_IDLE = 300_000;

/** The path of a subscription for a receiver. */
export function subscriptionPath(topic: string, subscription: string): string {
  return `${topic}/Subscriptions/${subscription}`;
}

/** The names of one subscription on the service. */
export interface SubscriptionNames {
  readonly topic: string;
  readonly subscription: string;
  /** The queue to which we make the subscription forward. */
  readonly queue: string;
}

/** The names of entities on the service: the mapped name if there is one, else the name by the common scheme. */
export class Names {
  readonly #naming: Naming;
  readonly #subscriptions: Readonly<Record<string, string>>;

  constructor(options: core.NamingOptions = {}) {
    this.#naming = new Naming(options);
    this.#subscriptions = Object.assign(Object.create(null), options.subscriptions);
  }

  destination({ kind, name }: core.Destination): string {
    return kind === "queue" ? this.#naming.queue(name) : this.#naming.topic(name);
  }

  subscription({ name, topic: { name: logical } }: core.SubscriptionEntity): SubscriptionNames {
    const topic = this.#naming.topic(logical);
    const subscription = this.#subscriptions[`${logical}/${name}`] ?? name;
    return { topic, subscription, queue: `${topic}.sub.${subscription}` };
  }

  /** The queue that a source reads, if its entities are ours. */
  queueOf(source: core.SourceEntity): string {
    return source.kind === "queue" ? this.destination(source) : this.subscription(source).queue;
  }
}
