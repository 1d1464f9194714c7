// Kafka's consumer protocol: what members of a group exchange when their partitions are assigned.

import { Bytes } from "./bytes.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** The topics that a member of a group reads, and the partitions that it has at present. */
export interface MemberMetadata {
  readonly topics: readonly string[];
  readonly owned: readonly TopicPartition[];
  /** Those of them that no other member may get yet, because their messages must stay in order and handlers may run. */
  readonly inUse: readonly TopicPartition[];
}

/** Encodes in Kafka's own format, so that other tools can read the topics. The partitions are its user data. */
export function encodeMemberMetadata({ topics, owned, inUse }: MemberMetadata): Buffer {
  const userData = Buffer.from(JSON.stringify({ owned: numbersByTopic(owned), inUse: numbersByTopic(inUse) }));
  return Buffer.concat([int16(0), int32(topics.length), ...topics.map(text), int32(userData.length), userData]);
}

/** Decodes what {@link encodeMemberMetadata} has written; from another client's metadata only the topics. */
export function decodeMemberMetadata(data: Buffer): MemberMetadata {
  const bytes = new Bytes(data, 2);
  const topics = bytes.list(() => bytes.text());
  try {
    // The cast is true of any JSON but null, for which the next line throws.
    const userData = JSON.parse(String(bytes.bytes(bytes.int32()))) as Readonly<Record<string, unknown>>;
    return { topics, owned: partitionsFrom(userData.owned), inUse: partitionsFrom(userData.inUse) };
  } catch {
    return { topics, owned: [], inUse: [] };
  }
}

/** Encodes the partitions of one member in Kafka's own format. */
export function encodeAssignment(partitions: readonly TopicPartition[]): Buffer {
  const topics = Object.entries(numbersByTopic(partitions));
  const fields = topics.flatMap(([topic, numbers]) => [text(topic), int32(numbers.length), ...numbers.map(int32)]);
  return Buffer.concat([int16(0), int32(topics.length), ...fields, int32(0)]);
}

/** Decodes what {@link encodeAssignment} has written. Empty data means no partitions. */
export function decodeAssignment(data: Buffer): readonly TopicPartition[] {
  if (data.length < 6) return [];
  const bytes = new Bytes(data, 2);
  const topics = bytes.list(() => {
    const topic = bytes.text();
    return bytes.list(() => ({ topic, partition: bytes.int32() }));
  });
  return topics.flat();
}

function numbersByTopic(partitions: readonly TopicPartition[]): Readonly<Record<string, readonly number[]>> {
  const numbers: Record<string, number[]> = Object.create(null);
  for (const { topic, partition } of partitions) {
    numbers[topic] ??= [];
    numbers[topic].push(partition);
  }
  return numbers;
}

function partitionsFrom(numbers: unknown): readonly TopicPartition[] {
  if (typeof numbers !== "object" || numbers === null) return [];
  return Object.entries(numbers).flatMap(([topic, list]) =>
    Array.isArray(list) ? list.map((partition) => ({ topic, partition: Number(partition) })) : [],
  );
}

function int16(value: number): Buffer {
  const data = Buffer.alloc(2);
  data.writeInt16BE(value);
  return data;
}

function int32(value: number): Buffer {
  const data = Buffer.alloc(4);
  data.writeInt32BE(value);
  return data;
}

function text(value: string): Buffer {
  const data = Buffer.from(value);
  return Buffer.concat([int16(data.length), data]);
}
