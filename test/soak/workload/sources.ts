import type { Broker, Readable, RetryPolicy } from "@anybroker/core";
import type { SoakSource } from "../history/event.ts";

/** The destination that the driver sends to: a queue, or a topic with its subscriptions. */
export interface SoakDestination {
  readonly name: string;
  readonly kind: "queue" | "topic";
  /** Whether one of its sources is ordered. Its messages then have keys. */
  readonly keyed: boolean;
}

export const DESTINATIONS: readonly SoakDestination[] = [
  { name: "orders", kind: "queue", keyed: false },
  { name: "ledger", kind: "queue", keyed: true },
  { name: "news", kind: "topic", keyed: true },
];

export const SOURCES: readonly SoakSource[] = [
  { name: "orders", to: "orders", ordered: false },
  { name: "ledger", to: "ledger", ordered: true },
  { name: "news/audit", to: "news", ordered: false },
  { name: "news/index", to: "news", ordered: true },
  { name: "news/mail", to: "news", ordered: false },
];

/** The retry policy of every consumer. */
export const POLICY = {
  attempts: 4,
  backoff: { initial: 200, factor: 2, max: 1_000, jitter: 0.2 },
} as const satisfies RetryPolicy;

/** The shortest wait after each number of failures that is followed by another attempt, in ms. */
export const WAITS: readonly number[] = Array.from({ length: POLICY.attempts - 1 }, (_, index) =>
  Math.min(POLICY.backoff.max, POLICY.backoff.initial * POLICY.backoff.factor ** index),
);

/** The reason that handlers give to `deadLetter`. */
export const REFUSED = "refused";

/** Declares every queue, topic and subscription. */
export async function declareAll(broker: Broker): Promise<void> {
  const queues = SOURCES.filter(({ name, to }) => name === to).map(({ name, ordered }) => [name, { ordered }] as const);
  const topics = DESTINATIONS.filter(({ kind }) => kind === "topic").map(({ name }) => {
    const own = SOURCES.filter(({ to }) => to === name);
    const subscriptions = own.map((source) => [subscriptionOf(source), { ordered: source.ordered }] as const);
    return [name, { subscriptions: Object.fromEntries(subscriptions) }] as const;
  });
  await broker.declare({ queues: Object.fromEntries(queues), topics: Object.fromEntries(topics) });
}

/** The queue or subscription of a broker object. */
export function readableOf<Body>(broker: Broker, source: SoakSource): Readable<Body> {
  const { name, to, ordered } = source;
  if (name === to) return broker.queue<Body, Body>(name, { ordered });
  return broker.topic<Body, Body>(to).subscription(subscriptionOf(source), { ordered });
}

function subscriptionOf({ name, to }: SoakSource): string {
  return name.slice(to.length + 1);
}
