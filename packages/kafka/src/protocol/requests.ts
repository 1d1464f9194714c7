import type { KafkaRecord, NewRecord } from "./records.ts";
import type { Place } from "./topic-partition.ts";

/** A topic to be created; -1 leaves it to the server. */
export interface NewTopic {
  readonly topic: string;
  readonly partitions: number;
  readonly replicas: number;
  readonly config: Readonly<Record<string, string>>;
}

/** A topic, as the server knows it. */
export interface TopicInfo {
  readonly topic: string;
  /** Why it cannot be used. */
  readonly error: unknown;
  /** The node that leads each partition; -1 where there is none at present. */
  readonly leaders: readonly number[];
}

/** The answer to one question about offsets; without `error` it is true. */
export interface Outcome {
  readonly error: unknown;
  readonly value: number;
}

/** Records of one partition, with the place in a producer's sequence. */
export interface Chunk extends Place {
  readonly records: readonly NewRecord[];
  readonly sequence: number;
}

/** Who writes, so that the server stores what it is sent twice only once. */
export interface Producer {
  readonly id: number;
  readonly epoch: number;
}

/** What a partition had from an offset on. */
export interface Fetched extends Place {
  readonly error: unknown;
  /** The offset to go on from, past what only the server needs. */
  readonly next: number;
  readonly records: readonly KafkaRecord[];
}

/** An offset that a group has come to. */
export interface Committed extends Place {
  /** -1 when there is none. */
  readonly offset: number;
  readonly metadata: string;
}

/** A member of a group, in one generation of it. Nobody: `""` and -1. */
export interface Member {
  readonly group: string;
  readonly id: string;
  readonly generation: number;
}

/** What a member asks for when it joins. */
export interface Joining {
  readonly group: string;
  /** `""` for a new one. */
  readonly id: string;
  /** Milliseconds after which the server gives a silent member up. */
  readonly session: number;
  readonly protocol: string;
  readonly metadata: Buffer;
}

/** How it joined. */
export interface Joined {
  readonly member: Member;
  readonly leads: boolean;
  /** For the leader: all members, with what they asked for. */
  readonly members: readonly { readonly id: string; readonly metadata: Buffer }[];
}
