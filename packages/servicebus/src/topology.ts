import type * as core from "@anybroker/core/driver";
import { filterText, invalidConfig, Naming, rejected } from "@anybroker/core/driver";
import type { CorrelationRuleFilter, CreateQueueOptions, SqlRuleFilter } from "@azure/service-bus";

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

/** Where the messages of a queue or subscription are. */
export interface SourcePlace {
  /** The path for receivers. */
  readonly path: string;
  /** The queue to which copies go, so that they reach this source alone; undefined for a subscription that is read itself. */
  readonly queue: string | undefined;
  /** The filter that is stored with the subscription, as its text; undefined if none is known. */
  readonly filter: string | undefined;
}

/** The place of a queue. */
export function queuePlace(queue: string, filter?: string): SourcePlace {
  return { path: queue, queue, filter };
}

/** The path of the entity in its address, which may have the namespace in front. */
export function pathIn(address: string): string {
  return address.replace(/^[a-z]+:\/\/[^/]+\//i, "").replace(/\/+$/, "");
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
  readonly #only: string | undefined;
  readonly #subscriptions: Readonly<Record<string, string>>;

  /** @param only The only entity that the key may use, if there is one. */
  constructor(options: core.NamingOptions = {}, only?: string) {
    this.#only = only;
    this.#naming = new Naming(options);
    this.#subscriptions = Object.assign(Object.create(null), options.subscriptions);
  }

  destination({ kind, name }: core.Destination): string {
    const path = kind === "queue" ? this.#naming.queue(name) : this.#naming.topic(name);
    if (this.#only === undefined || this.#only.toLowerCase() === path.toLowerCase()) return path;
    throw invalidConfig(`the connection string is for ${this.#only} only (EntityPath), not for ${kind} ${path}`);
  }

  subscription(entity: core.SubscriptionEntity): SubscriptionNames {
    const { name } = entity;
    const logical = entity.topic.name;
    const topic = this.destination(entity.topic);
    const subscription = this.#subscriptions[`${logical}/${name}`] ?? name;
    return { topic, subscription, queue: `${topic}.sub.${subscription}` };
  }

  /** The queue that a source reads, if its entities are ours. */
  queueOf(source: core.SourceEntity): string {
    return source.kind === "queue" ? this.destination(source) : this.subscription(source).queue;
  }
}

/** The name of the one rule of a subscription of ours. The service gives it to the rule that is made with a subscription. */
export const RULE = "$Default";

/** The most characters of an SQL filter, and of the note about a subscription. */
const MAX_TEXT = 1_024;

/** Begins the note (user metadata) of a subscription, before the text of its filter. */
const NOTE = "anybroker filter ";

/** The note of a subscription: which filter it has. Throws if it does not fit. */
export function noteOf(filter: core.Filter | undefined): string {
  const note = `${NOTE}${filterText(filter)}`;
  if (note.length <= MAX_TEXT) return note;
  throw rejected(
    `the filter has ${note.length - NOTE.length} characters; at most ${MAX_TEXT - NOTE.length} can be stored`,
  );
}

/** The text of the filter in a note; undefined if the note is another program's. */
export function filterInNote(note: string | undefined): string | undefined {
  return note?.startsWith(NOTE) === true ? note.slice(NOTE.length) : undefined;
}

/** Texts that a property of another type than string may have too. The service compares types, and the core texts. */
const AMBIGUOUS = /^(?:[-+]?(?:[\d.]|Infinity)|NaN$|true$|false$|null$|[[{"]|base64:)|\ufffd/;

/** The rule that matches everything that the filter matches, and as little else as possible. */
export function ruleFor(filter: core.Filter = {}): CorrelationRuleFilter | SqlRuleFilter {
  const entries = Object.entries(filter);
  const singles = entries.flatMap(([name, [value = "", ...others]]) => (others.length === 0 ? [[name, value]] : []));
  if (entries.length > 0 && singles.length === entries.length && isExact(filter)) {
    return { applicationProperties: Object.fromEntries(singles) };
  }
  const conditions = entries.map(([name, values]) => (hasAmbiguous(values) ? isThere(name) : isOneOf(name, values)));
  const exact = conditions.join(" AND ");
  const sqlExpression = exact.length <= MAX_TEXT ? exact : entries.map(([name]) => isThere(name)).join(" AND ");
  return { sqlExpression: sqlExpression === "" ? "1=1" : sqlExpression };
}

/** Whether the rule matches nothing but what the filter matches. */
export function isExact(filter: core.Filter): boolean {
  const entries = Object.entries(filter);
  if (entries.some(([, values]) => hasAmbiguous(values))) return false;
  return entries.map(([name, values]) => isOneOf(name, values)).join(" AND ").length <= MAX_TEXT;
}

function hasAmbiguous(values: readonly string[]): boolean {
  return values.some((value) => AMBIGUOUS.test(value));
}

function isOneOf(name: string, values: readonly string[]): string {
  return `user.[${name}] IN (${values.map((value) => `'${value.replaceAll("'", "''")}'`).join(", ")})`;
}

function isThere(name: string): string {
  return `EXISTS(user.[${name}])`;
}
