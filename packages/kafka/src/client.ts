// What the driver needs of a client library: Kafka's own requests, and nothing decided.

import { type Host, orAborted } from "@anybroker/core/driver";

/** A value of a record's header; a list when the name is there more than once. */
export type HeaderValue = Buffer | string | null | readonly (Buffer | string | null)[];

/** A partition of a topic. */
export interface Place {
  readonly topic: string;
  readonly partition: number;
}

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

/** The name of our way to share out partitions. Members that know another one only are refused by the server. */
export const PROTOCOL = "anybroker";

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

/** A client library, with its settings: opens sockets to the first host that answers. */
export type Client = (signal: AbortSignal) => Promise<Session>;

/** A client that tries the hosts in turn. */
export function inTurn(
  hosts: readonly Host[],
  make: (host: Host) => Session & { readonly start: () => Promise<void> },
): Client {
  return async (signal) => {
    let last: unknown;
    for (const host of hosts) {
      const session = make(host);
      try {
        await orAborted(session.start(), signal);
        return session;
      } catch (error) {
        session.close();
        last = error;
        if (signal.aborted) break;
      }
    }
    throw last;
  };
}

/** The places by their topics, as most requests name them. */
export function byTopic<P extends Place, T>(
  places: readonly P[],
  change: (place: P) => T,
): readonly { readonly topic: string; readonly partitions: T[] }[] {
  return [...Map.groupBy(places, ({ topic }) => topic)].map(([topic, all]) => ({ topic, partitions: all.map(change) }));
}

/** What was answered of each place, in the order of the places. */
export function answersFor<A extends Place>(
  places: readonly Place[],
  answers: readonly A[],
): readonly (A | undefined)[] {
  const named = new Map(answers.map((answer) => [nameOf(answer), answer]));
  return places.map((place) => named.get(nameOf(place)));
}

/** One name for a place. */
export function nameOf({ topic, partition }: Place): string {
  return `${topic}/${partition}`;
}

/** The code that Kafka gives an error; undefined for what is not the server's. */
export function codeOf(error: unknown): number | undefined {
  if (typeof error !== "object" || error === null) return undefined;
  if ("apiCode" in error && typeof error.apiCode === "number") return error.apiCode;
  return "code" in error && typeof error.code === "number" ? error.code : undefined;
}

/** Kafka's error codes that mean more to us than that something failed. */
export const CODES = {
  offsetOutOfRange: 1,
  unknownTopic: 3,
  leaderNotAvailable: 5,
  notLeader: 6,
  tooLarge: 10,
  coordinatorLoading: 14,
  coordinatorNotAvailable: 15,
  notCoordinator: 16,
  unknownMember: 25,
  rebalancing: 27,
  topicExists: 36,
  memberIdRequired: 79,
} as const;
