import { randomUUID } from "node:crypto";
import type * as core from "@anybroker/core/driver";
import { deadLettersName } from "@anybroker/core/driver";
import type { Settings } from "./options.ts";

/** A stream that a source reads. */
export interface SourceStream {
  /** The key of the stream. */
  readonly stream: string;
  /** The group that reads it. */
  readonly group: string;
  /** The key of the sorted set in which delayed messages of this stream wait. */
  readonly delayed: string;
  /** Whether the stream is for this group only, so that handled entries can be deleted. */
  readonly exclusive: boolean;
}

/** The keys of a queue or subscription. All have one hash tag, so that they lie in one slot of a Cluster. */
export interface SourceKeys {
  readonly streams: readonly [SourceStream, ...SourceStream[]];
  /** The stream for retries and replays of messages with this key. In a queue it is the key's partition. */
  readonly returnStream: (key: string | undefined) => SourceStream;
  /** The stream of the dead letters. */
  readonly deadLetters: string;
  /** The hash that holds notes of messages that are retried in place. */
  readonly progress: string;
  /** The hash that holds the owner of each partition. */
  readonly owners: string;
  /** The sorted set of the consumers that can own partitions. */
  readonly members: string;
  /** The text of a subscription's filter. */
  readonly filter: string;
}

/** The keys of a topic. */
export interface TopicKeys {
  readonly stream: string;
  /** The key of the sorted set in which delayed publishes wait. */
  readonly delayed: string;
  /**
   * How long handled entries are kept, in ms. A topic of ours always has this key, so without it nothing is trimmed.
   */
  readonly retention: string;
}

/** How many streams a new ordered queue is divided into. */
export const PARTITIONS = 8;

/** The keys of a queue with this many partitions, or of a subscription. */
export function sourceKeys(settings: Settings, entity: core.SourceEntity, partitions = 1): SourceKeys {
  return entity.kind === "queue" ? queueKeys(settings, entity, partitions) : subscriptionKeys(settings, entity);
}

function queueKeys(settings: Settings, { name }: core.QueueEntity, partitions: number): SourceKeys {
  const stream = streamKey(settings.naming?.queues, name);
  const group = settings.groups?.[name] ?? settings.naming?.queues?.[name] ?? name;
  const base = withHashTag(stream);
  const first: SourceStream = { stream, group, delayed: `${base}.delay`, exclusive: true };
  const others = Array.from({ length: partitions - 1 }, (_, index): SourceStream => {
    const partition = `${base}.part.${index + 1}`;
    return { stream: partition, group, delayed: `${partition}.delay`, exclusive: true };
  });
  const streams: SourceKeys["streams"] = [first, ...others];
  return { streams, returnStream: (key) => streams[partitionOf(key, partitions)] ?? first, ...ownKeys(base) };
}

function subscriptionKeys(settings: Settings, { name, topic }: core.SubscriptionEntity): SourceKeys {
  const group = settings.naming?.subscriptions?.[`${topic.name}/${name}`] ?? name;
  return groupKeys(topicKeys(settings, topic.name), group);
}

/** The keys of the subscription whose group has this name. */
export function groupKeys({ stream, delayed }: TopicKeys, group: string): SourceKeys {
  const base = `${withHashTag(stream)}.sub.${group}`;
  const shared: SourceStream = { stream, group, delayed, exclusive: false };
  const returns: SourceStream = { stream: `${base}.retry`, group, delayed: `${base}.delay`, exclusive: true };
  return { streams: [shared, returns], returnStream: () => returns, ...ownKeys(base) };
}

function ownKeys(base: string): Pick<SourceKeys, "deadLetters" | "progress" | "owners" | "members" | "filter"> {
  return {
    deadLetters: deadLettersName(base),
    progress: `${base}.progress`,
    owners: `${base}.owners`,
    members: `${base}.members`,
    filter: `${base}.filter`,
  };
}

/** All keys that only this queue or subscription uses. */
export function exclusiveKeys(keys: SourceKeys): readonly string[] {
  const { streams, deadLetters, progress, owners, members, filter } = keys;
  const ofStreams = streams.filter(({ exclusive }) => exclusive).flatMap(({ stream, delayed }) => [stream, delayed]);
  return [...ofStreams, deadLetters, progress, owners, members, filter];
}

/** The keys of a topic. */
export function topicKeys(settings: Settings, topic: string): TopicKeys {
  const stream = streamKey(settings.naming?.topics, topic);
  const base = withHashTag(stream);
  return { stream, delayed: `${base}.delay`, retention: `${base}.retention` };
}

function streamKey(naming: Readonly<Record<string, string>> | undefined, name: string): string {
  return naming?.[name] ?? `{${name}}`;
}

/** The key as a prefix of other keys in the same slot. */
function withHashTag(stream: string): string {
  return /\{[^}]+\}/.test(stream) ? stream : `{${stream}}`;
}

/**
 * The partition of a key. It is the same in every program and must never change. A message without a key, or with the
 * empty one, is in the first partition.
 */
export function partitionOf(key: string | undefined, partitions: number): number {
  if (key === undefined || key === "" || partitions === 1) return 0;
  // FNV-1a over the key's bytes.
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}

/** The id after which a new group begins to read. */
export function startOf(from: core.SubscriptionEntity["from"]): string {
  if (from === "latest") return "$";
  return from === "earliest" ? "0" : `${Math.max(0, from.getTime() - 1)}-18446744073709551615`;
}

/** The consumer that owns released entries. Any other consumer may take them at once. */
export const RELEASED = "anybroker-released";

/** Part of the name of a consumer whose connection has no name, so that `CLIENT LIST` says nothing about it. */
const UNLISTED = "unseen-";
const LISTED = new RegExp(`^anybroker-(?!.*${UNLISTED})`);

/** The prefix of the names of all consumers of one driver. */
export function consumerPrefix(): string {
  return `anybroker-${shortId()}-`;
}

/** The name of a new consumer. It ends with the lease, so that other programs know how long it keeps its entries. */
export function newConsumer(prefix: string, lease: number): string {
  return `${prefix}${shortId()}-${lease}`;
}

/** The consumer's name if its connection cannot have a name. */
export function unlisted(consumer: string): string {
  return consumer.replace(/\d+$/, `${UNLISTED}$&`);
}

/** Whether `CLIENT LIST` tells if this consumer is connected. */
export function canBeLookedUp(consumer: string): boolean {
  return LISTED.test(consumer);
}

/** The name of the group of an ephemeral subscription. The UUID at its end tells it from the groups of all others. */
export function ephemeralGroup(group: string): string {
  return `${group}.${randomUUID()}`;
}

/** Whether a group is that of an ephemeral subscription. */
export function isEphemeral(group: string): boolean {
  return /\.[\da-f]{8}(?:-[\da-f]{4}){3}-[\da-f]{12}$/.test(group);
}

function shortId(): string {
  return randomUUID().slice(0, 8);
}
