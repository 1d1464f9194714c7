// What the driver needs of a client library: Kafka's own requests, and nothing decided.

import { type Host, orAborted } from "@anybroker/core/driver";
import type {
  Chunk,
  Committed,
  Fetched,
  Joined,
  Joining,
  Member,
  NewTopic,
  Outcome,
  Producer,
  TopicInfo,
} from "../protocol/requests.ts";
import type { Place } from "../protocol/topic-partition.ts";

/** The name of our way to share out partitions. Members that know another one only are refused by the server. */
export const PROTOCOL = "anybroker";

/** The node that is not known by its number yet. */
export const SEED = -1;

/** How we read: nothing of a transaction before it is committed, and so many bytes of a partition and in all. */
export const READ_COMMITTED = 1;
export const FETCH_BYTES = 1_048_576;
export const RESPONSE_BYTES = 10_485_760;

/** The settings of a topic that matter to us. */
export const SETTINGS = ["cleanup.policy", "retention.ms"] as const;

/** Sockets to a cluster that live and die together. Each method throws, or answers, the client's own errors. */
export interface Session {
  /** Resolves with the reason when a socket has been lost, or after `close`. Never rejects. */
  readonly lost: Promise<unknown>;
  /** What the library offers its users. */
  readonly native: unknown;
  /** Nodes that have been asked something, and those of which something was fetched: on another socket. */
  readonly asked: ReadonlySet<number>;
  readonly fetched: ReadonlySet<number>;
  /** What is known of the server's age. */
  readonly version: string;
  /** Asks one node about topics, the first one unless told another. */
  metadata(topics: readonly string[], node?: number): Promise<readonly TopicInfo[]>;
  /** Answers the error of each; undefined where it was created. */
  createTopics(topics: readonly NewTopic[]): Promise<readonly unknown[]>;
  /** The {@link SETTINGS} of topics, by name; empty where we may not know. */
  settings(topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
  newProducer(): Promise<Producer>;
  /** Answers the error of each chunk, in the order given; undefined where all replicas in sync have stored it. */
  produce(node: number, chunks: readonly Chunk[], producer: Producer): Promise<readonly unknown[]>;
  fetch(
    node: number,
    from: readonly (Place & { readonly offset: number })[],
    wait: number,
  ): Promise<readonly Fetched[]>;
  /** The first offset at or after a time; -1 for the end, -2 for the beginning. Answers -1 where there is none. */
  offsets(node: number, at: readonly (Place & { readonly time: number })[]): Promise<readonly Outcome[]>;
  /** Forgets what lies before the offsets. */
  deleteRecords(node: number, before: readonly (Place & { readonly offset: number })[]): Promise<void>;
  /** The node that coordinates a group. */
  coordinator(group: string): Promise<number>;
  join(node: number, joining: Joining): Promise<Joined>;
  /** Answers our assignment. */
  sync(node: number, member: Member, assignments: ReadonlyMap<string, Buffer>): Promise<Buffer>;
  heartbeat(node: number, member: Member): Promise<void>;
  leave(node: number, group: string, id: string): Promise<void>;
  committed(node: number, group: string, places: readonly Place[]): Promise<readonly Committed[]>;
  commit(node: number, member: Member, offsets: readonly Committed[]): Promise<void>;
  /** Ends it at once. */
  close(): void;
}

/** A client library with its settings: opens sockets to the cluster that a host belongs to. */
export type Client = (host: Host, signal: AbortSignal) => Promise<Session>;

/** Starts a session; closes it when that fails, or when the signal aborts before. */
export async function started(
  session: Session & { readonly start: () => Promise<void> },
  signal: AbortSignal,
): Promise<Session> {
  try {
    await orAborted(session.start(), signal);
    return session;
  } catch (error) {
    session.close();
    throw error;
  }
}
