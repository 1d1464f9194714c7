import type { TopicPartition } from "./topic-partition.ts";

/** The value of a record's header; a list when the name occurs more than once. */
export type HeaderValue = Buffer | string | null | readonly (Buffer | string | null)[];

/** A record to write. */
export interface NewRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** A record as Kafka stores it: the `native` of a delivery. */
export interface KafkaRecord extends TopicPartition {
  readonly offset: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
}
