// The interface to a client library: Kafka's own requests, one by one. A session decides nothing.

import { type Host, orAborted } from "@anybroker/core/driver";
import type {
  CommittedOffset,
  FetchedPartition,
  JoinRequest,
  JoinResult,
  Member,
  NewTopic,
  OffsetResult,
  PartitionBatch,
  PartitionOffset,
  PartitionTime,
  ProducerId,
  TopicInfo,
} from "../protocol/requests.ts";
import type { TopicPartition } from "../protocol/topic-partition.ts";

/** The node number of the host that the session was opened to, until the server names it. */
export const SEED_NODE = -1;

/** Reads of a transaction return nothing before it is committed. */
export const READ_COMMITTED = 1;

/** The most bytes that one fetch asks for, of one partition and in all. */
export const FETCH_BYTES = 1_048_576;
export const RESPONSE_BYTES = 10_485_760;

/** The share of the request timeout that a server has to store records, so that it responds before the timeout. */
const PRODUCE_SHARE = 0.8;

/** The timeout of a transaction, in ms. The driver begins none, but a new producer id needs one. */
export const TRANSACTION_TIMEOUT = 5_000;

/** The configuration of a topic that the driver looks at. */
export const TOPIC_CONFIGS = ["cleanup.policy", "retention.ms"] as const;

/** The name of our protocol for assigning partitions. The server refuses members of a group that know only others. */
export const GROUP_PROTOCOL = "anybroker";

/** Connections to a cluster that end together. Each method rejects with, or returns, the client's own errors. */
export interface Session {
  /** Resolves with the reason when a connection is lost, or after `close`. Never rejects. */
  readonly lost: Promise<unknown>;
  /** The client library's own object, for users. */
  readonly native: unknown;
  /** Nodes to which a request was sent. */
  readonly contactedNodes: ReadonlySet<number>;
  /** Nodes from which records were fetched. Fetches have a connection of their own. */
  readonly fetchedNodes: ReadonlySet<number>;
  /** The version of Kafka, as far as the requests tell that the server knows. */
  readonly version: string;
  /** Asks one node about topics; the first host unless `node` says another. */
  metadata(topics: readonly string[], node?: number): Promise<readonly TopicInfo[]>;
  /** Returns the error of each topic; undefined where it was created. */
  createTopics(topics: readonly NewTopic[]): Promise<readonly unknown[]>;
  /** The {@link TOPIC_CONFIGS} of each topic, by name; empty where the account has no right to read them. */
  topicConfigs(topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>>;
  newProducerId(): Promise<ProducerId>;
  /** Returns the error of each batch, in order; undefined where all replicas in sync have stored it. */
  produce(node: number, batches: readonly PartitionBatch[], producer: ProducerId): Promise<readonly unknown[]>;
  /** The server waits up to `wait` ms until there are records. */
  fetch(node: number, from: readonly PartitionOffset[], wait: number): Promise<readonly FetchedPartition[]>;
  /** The first offset at or after each time; -1 where there is none. */
  listOffsets(node: number, times: readonly PartitionTime[]): Promise<readonly OffsetResult[]>;
  /** Deletes the records before the offsets; -1 is the end. Returns the error of each partition, in order. */
  deleteRecords(node: number, before: readonly PartitionOffset[]): Promise<readonly unknown[]>;
  /** The names of all topics that the account may see. */
  topicNames(): Promise<readonly string[]>;
  /** Returns the error of each topic, in order; undefined where it is being deleted. */
  deleteTopics(topics: readonly string[]): Promise<readonly unknown[]>;
  /** The node that coordinates a group. */
  findCoordinator(group: string): Promise<number>;
  joinGroup(node: number, request: JoinRequest): Promise<JoinResult>;
  /** Returns the member's own assignment. Only the leader passes assignments, by member id. */
  syncGroup(node: number, member: Member, assignments: ReadonlyMap<string, Buffer>): Promise<Buffer>;
  heartbeat(node: number, member: Member): Promise<void>;
  leaveGroup(node: number, group: string, memberId: string): Promise<void>;
  /** The ids of the members of a group; none if there is no such group. */
  groupMembers(node: number, group: string): Promise<readonly string[]>;
  /** The server refuses it while the group has members. */
  deleteGroup(node: number, group: string): Promise<void>;
  committedOffsets(
    node: number,
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly CommittedOffset[]>;
  commitOffsets(node: number, member: Member, offsets: readonly CommittedOffset[]): Promise<void>;
  /** Ends all connections at once. */
  close(): void;
}

/** A client library with the driver's settings: opens a session to the cluster that a host belongs to. */
export type Client = (host: Host, signal: AbortSignal) => Promise<Session>;

/** Starts a session. Closes it if that fails or if the signal aborts first. */
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

/** How long a server may take to store records, in ms: less than the timeout of the request. */
export function produceTimeout(requestTimeout: number): number {
  return Math.floor(requestTimeout * PRODUCE_SHARE);
}
