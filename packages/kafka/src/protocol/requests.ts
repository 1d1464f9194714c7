// Arguments and results of the requests of Kafka's protocol, as far as the driver uses them.

import type { KafkaRecord, NewRecord } from "./records.ts";
import type { TopicPartition } from "./topic-partition.ts";

/** A topic to create; -1 leaves the number to the server. */
export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
}

/** A server's metadata of a topic. */
export interface TopicInfo {
  readonly topic: string;
  /** Why the topic cannot be used. */
  readonly error: unknown;
  /** The node that leads each partition; -1 while a partition has no leader. */
  readonly leaders: readonly number[];
}

/** The offset found for one partition; valid only without `error`. */
export interface OffsetResult {
  readonly error: unknown;
  readonly value: number;
}

/** A partition, and the offset to read it from or to delete up to. */
export interface PartitionOffset extends TopicPartition {
  readonly offset: number;
}

/** A partition, and the time for which an offset is wanted: -1 the end, -2 the beginning. */
export interface PartitionTime extends TopicPartition {
  /** Milliseconds since 1970. */
  readonly time: number;
}

/** Records for one partition. */
export interface PartitionBatch extends TopicPartition {
  readonly records: readonly NewRecord[];
  /** The producer's sequence number of the first record. */
  readonly sequence: number;
}

/** An idempotent producer: the server stores a batch that reaches it twice only once. */
export interface ProducerId {
  readonly id: number;
  readonly epoch: number;
}

/** The result of a fetch for one partition. */
export interface FetchedPartition extends TopicPartition {
  readonly error: unknown;
  /** The first offset that the partition still has. */
  readonly start: number;
  /** The offset to read on from. It is past the server's own control records. */
  readonly next: number;
  readonly records: readonly KafkaRecord[];
}

/** The offset that a group has committed in one partition. */
export interface CommittedOffset extends PartitionOffset {
  /** -1 when the group has none. */
  readonly offset: number;
  readonly metadata: string;
}

/** A member of a group in one generation of the group. For no member the id is `""` and the generation -1. */
export interface Member {
  readonly group: string;
  readonly id: string;
  readonly generation: number;
}

/** A request to join a group. */
export interface JoinRequest {
  readonly group: string;
  /** `""` for a new member. */
  readonly id: string;
  /** How long the server waits for a sign of life before it removes the member, in milliseconds. */
  readonly sessionTimeout: number;
  readonly protocol: string;
  readonly metadata: Buffer;
}

/** The member that has joined. */
export interface JoinResult {
  readonly member: Member;
  readonly isLeader: boolean;
  /** All members with their metadata. Only the leader receives them. */
  readonly members: readonly { readonly id: string; readonly metadata: Buffer }[];
}
