import { Bytes } from "./bytes.ts";
import type { Place } from "./topic-partition.ts";

/** What a member of a group reads, and what it has at present. */
export interface Wish {
  readonly topics: readonly string[];
  readonly owned: readonly Place[];
}

/** Kafka's own format of a member's metadata, in which other tools can read the topics. */
export function writeWish({ topics, owned }: Wish): Buffer {
  const has = Buffer.from(JSON.stringify(grouped(owned)));
  return Buffer.concat([int16(0), int32(topics.length), ...topics.map(text), int32(has.length), has]);
}

/** Reads what {@link writeWish} has written; of somebody else's, the topics. */
export function readWish(data: Buffer): Wish {
  const bytes = new Bytes(data, 2);
  const topics = bytes.list(() => bytes.text());
  try {
    return { topics, owned: flat(JSON.parse(String(bytes.bytes(bytes.int32())))) };
  } catch {
    return { topics, owned: [] };
  }
}

/** Kafka's own format of a member's partitions. */
export function writeAssignment(places: readonly Place[]): Buffer {
  const topics = Object.entries(grouped(places));
  const parts = topics.flatMap(([topic, some]) => [text(topic), int32(some.length), ...some.map(int32)]);
  return Buffer.concat([int16(0), int32(topics.length), ...parts, int32(0)]);
}

/** Reads what {@link writeAssignment} has written; nothing at all is no partitions. */
export function readAssignment(data: Buffer): readonly Place[] {
  if (data.length < 6) return [];
  const bytes = new Bytes(data, 2);
  const read = (): readonly Place[] => {
    const topic = bytes.text();
    return bytes.list(() => ({ topic, partition: bytes.int32() }));
  };
  return bytes.list(read).flat();
}

function grouped(places: readonly Place[]): Readonly<Record<string, readonly number[]>> {
  const groups: Record<string, number[]> = Object.create(null);
  for (const { topic, partition } of places) {
    groups[topic] ??= [];
    groups[topic].push(partition);
  }
  return groups;
}

function flat(groups: unknown): readonly Place[] {
  if (typeof groups !== "object" || groups === null) return [];
  return Object.entries(groups).flatMap(([topic, some]) =>
    Array.isArray(some) ? some.map((partition) => ({ topic, partition: Number(partition) })) : [],
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
