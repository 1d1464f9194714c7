import type { Place } from "./topic-partition.ts";

/** A value of a record's header; a list when the name is there more than once. */
export type HeaderValue = Buffer | string | null | readonly (Buffer | string | null)[];

/** A record to be written. */
export interface NewRecord {
  readonly key: Buffer | string | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

/** A record as it lies in Kafka: the `native` of a delivery. */
export interface KafkaRecord extends Place {
  readonly offset: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: Readonly<Record<string, HeaderValue>>;
}
