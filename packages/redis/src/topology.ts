import type * as core from "@anybroker/core/driver";
import type { Settings } from "./options.ts";

/** A stream, the group that reads it, and the sorted set in which wait what is to come (back) to it. */
export interface Feed {
  readonly stream: string;
  readonly group: string;
  readonly delay: string;
  /** Whether nobody else reads the stream, so that what was handled can be deleted. */
  readonly only: boolean;
}

/** The keys of a queue or subscription. All of them have one hash tag, and so lie in one slot of a Cluster. */
export interface SourceKeys {
  readonly feeds: readonly [Feed, ...Feed[]];
  /** Where retries and replays go; of a partitioned queue, to the partition of the key. */
  readonly back: (key: string | undefined) => Feed;
  readonly dead: string;
  /** Who owns which partition, and who is there to own one. */
  readonly owners: string;
  readonly members: string;
}

/** Into how many streams an ordered queue is divided when it is made. */
export const PARTITIONS = 8;

/** The keys of a topic. */
export interface TopicKeys {
  readonly stream: string;
  readonly delay: string;
  /** For how long what was handled is kept, in milliseconds; no such key: not at all. */
  readonly retention: string;
}

/** The keys of a queue, in so many partitions, or of a subscription. */
export function sourceKeys(settings: Settings, entity: core.SourceEntity, partitions = 1): SourceKeys {
  if (entity.kind === "queue") {
    const stream = streamOf(settings.naming?.queues, entity.name);
    const base = tagged(stream);
    const group = settings.groups?.[entity.name] ?? settings.naming?.queues?.[entity.name] ?? entity.name;
    const first: Feed = { stream, group, delay: `${base}.delay`, only: true };
    const others = Array.from({ length: partitions - 1 }, (_, index): Feed => {
      const part = `${base}.part.${index + 1}`;
      return { stream: part, group, delay: `${part}.delay`, only: true };
    });
    const feeds: SourceKeys["feeds"] = [first, ...others];
    return { feeds, back: (key) => feeds[partitionOf(key, partitions)] ?? first, ...ownKeys(base) };
  }
  const { stream, delay } = topicKeys(settings, entity.topic.name);
  const group = settings.naming?.subscriptions?.[`${entity.topic.name}/${entity.name}`] ?? entity.name;
  const base = `${tagged(stream)}.sub.${group}`;
  const back: Feed = { stream: `${base}.retry`, group, delay: `${base}.delay`, only: true };
  return { feeds: [{ stream, group, delay, only: false }, back], back: () => back, ...ownKeys(base) };
}

function ownKeys(base: string): Pick<SourceKeys, "dead" | "owners" | "members"> {
  return { dead: `${base}.dlq`, owners: `${base}.owners`, members: `${base}.members` };
}

/** The partition of a key: the same in every program, for ever. What has none, or the empty one, is in the first. */
export function partitionOf(key: string | undefined, partitions: number): number {
  if (key === undefined || key === "" || partitions === 1) return 0;
  // FNV-1a, of the bytes.
  let hash = 0x811c9dc5;
  for (const byte of Buffer.from(key)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0;
  return hash % partitions;
}

/** The keys of a topic. */
export function topicKeys(settings: Settings, topic: string): TopicKeys {
  const stream = streamOf(settings.naming?.topics, topic);
  return { stream, delay: `${tagged(stream)}.delay`, retention: `${tagged(stream)}.retention` };
}

function streamOf(naming: Readonly<Record<string, string>> | undefined, name: string): string {
  return naming?.[name] ?? `{${name}}`;
}

/** The key as the beginning of others in the same slot. */
function tagged(stream: string): string {
  return /\{[^}]+\}/.test(stream) ? stream : `{${stream}}`;
}

/** The id after which a group begins to read. */
export function startOf(from: core.SubscriptionEntity["from"]): string {
  if (from === "latest") return "$";
  return from === "earliest" ? "0" : `${Math.max(0, from.getTime() - 1)}-18446744073709551615`;
}
