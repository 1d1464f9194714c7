import type * as core from "@anybroker/core/driver";
import type { Kafka } from "kafkajs";
import type { Settings } from "../options.ts";
import { CODES, codeOf } from "../protocol/error-codes.ts";
import { type From, readFetched } from "../protocol/fetch-response.ts";
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
import { answersFor, byTopic, type Place } from "../protocol/topic-partition.ts";
import { Connections, inner, nativeOf } from "./kafkajs-connections.ts";
import {
  type Client,
  FETCH_BYTES,
  READ_COMMITTED,
  RESPONSE_BYTES,
  SEED,
  SETTINGS,
  type Session,
  started,
} from "./session.ts";

const TOPIC = 2;

// The casts are true of kafkajs 2.2.4, the only version this package depends on.
const errors = inner("kafkajs/src/protocol/error") as { readonly createErrorFromCode: (code: number) => Error };
const packing = inner("kafkajs/src/protocol/message/compression") as {
  readonly lookupCodec: (way: number) => { readonly decompress: (data: Buffer) => Promise<Buffer> };
};

/** kafkajs with the driver's settings. */
export function kafkajsClient(settings: Settings): Client {
  return (host, signal) => started(new KafkajsSession(settings, host), signal);
}

interface Coded {
  readonly errorCode: number;
}

/** What is answered of partitions; some answers call the topic so, some so. */
type OfParts<T> = readonly {
  readonly topic?: string;
  readonly topicName?: string;
  readonly partitions: readonly (T & Coded & { readonly partition: number })[];
}[];

class KafkajsSession implements Session {
  readonly lost: Promise<unknown>;
  readonly native: Kafka;
  readonly asked: ReadonlySet<number>;
  readonly fetched: ReadonlySet<number>;
  readonly #settings: Settings;
  readonly #connections: Connections;
  version = "";

  constructor(settings: Settings, seed: core.Host) {
    this.#settings = settings;
    this.native = nativeOf(settings);
    this.#connections = new Connections(settings, seed);
    const { lost, asked, fetched } = this.#connections;
    [this.lost, this.asked, this.fetched] = [lost, asked, fetched];
  }

  async start(): Promise<void> {
    this.version = `Produce v${await this.#connections.newest("Produce")}`;
    await this.metadata([]);
  }

  async metadata(topics: readonly string[], node = SEED): Promise<readonly TopicInfo[]> {
    interface Metadata {
      readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
      readonly topicMetadata: readonly {
        readonly topic: string;
        readonly topicErrorCode: number;
        readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
      }[];
    }
    // An empty list would mean all topics: a name that no topic can have means none.
    const asked = topics.length === 0 ? [NONE] : topics;
    const answer = await this.#connections.ask<Metadata>(node, "Metadata", {
      topics: asked,
      allowAutoTopicCreation: false,
    });
    for (const { nodeId, host, port } of answer.brokers) this.#connections.learn(nodeId, { host, port });
    return answer.topicMetadata
      .filter(({ topic }) => topic !== NONE)
      .map(({ topic, topicErrorCode, partitionMetadata }) => {
        const leaders: number[] = new Array(partitionMetadata.length).fill(-1);
        for (const { partitionId, leader } of partitionMetadata) leaders[partitionId] = leader;
        return { topic, error: errorOf(topicErrorCode), leaders };
      });
  }

  async createTopics(topics: readonly NewTopic[]): Promise<readonly unknown[]> {
    const { topicErrors } = await this.#connections.ask<{
      readonly topicErrors: readonly (Coded & { readonly errorMessage: string | null })[];
    }>(SEED, "CreateTopics", {
      timeout: this.#settings.timeout,
      topics: topics.map(({ topic, partitions, replicas, config }) => ({
        topic,
        numPartitions: partitions,
        replicationFactor: replicas,
        configEntries: Object.entries(config).map(([name, value]) => ({ name, value })),
      })),
    });
    return topicErrors.map(({ errorCode, errorMessage }) => errorOf(errorCode, errorMessage ?? undefined));
  }

  async settings(topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const { resources } = await this.#connections.ask<{
      readonly resources: readonly {
        readonly resourceName: string;
        readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[];
      }[];
    }>(SEED, "DescribeConfigs", {
      resources: topics.map((name) => ({ type: TOPIC, name, configNames: SETTINGS })),
      includeSynonyms: false,
    });
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    );
  }

  async newProducer(): Promise<Producer> {
    const answer = await this.#connections.ask<Coded & { producerId: string; producerEpoch: number }>(
      SEED,
      "InitProducerId",
      { transactionalId: null, transactionTimeout: 5_000 },
    );
    orThrow(answer.errorCode);
    return { id: Number(answer.producerId), epoch: answer.producerEpoch };
  }

  async produce(node: number, chunks: readonly Chunk[], producer: Producer): Promise<readonly unknown[]> {
    const { topics } = await this.#connections.ask<{ readonly topics: OfParts<unknown> }>(node, "Produce", {
      acks: -1,
      // Sooner than the request itself is given up.
      timeout: Math.floor(this.#settings.timeout * 0.8),
      producerId: producer.id,
      producerEpoch: producer.epoch,
      topicData: byTopic(chunks, ({ partition, records, sequence }) => ({
        partition,
        firstSequence: sequence,
        messages: records,
      })),
    });
    return answersFor(chunks, listed(topics)).map((one) => errorOf(one?.errorCode ?? -1));
  }

  async fetch(node: number, from: readonly From[], wait: number): Promise<readonly Fetched[]> {
    const asked = {
      ...{ maxWaitTime: wait, minBytes: 1, maxBytes: RESPONSE_BYTES, isolationLevel: READ_COMMITTED },
      topics: byTopic(from, ({ partition, offset }) => ({
        ...{ partition, fetchOffset: String(offset), maxBytes: FETCH_BYTES },
      })),
    };
    const data = await this.#connections.ask<Buffer>(node, "Fetch", asked, async (answer) => answer);
    return readFetched(data, from, (way, packed) => packing.lookupCodec(way).decompress(packed), errorOf);
  }

  async offsets(node: number, at: readonly (Place & { readonly time: number })[]): Promise<readonly Outcome[]> {
    const { responses } = await this.#connections.ask<{ responses: OfParts<{ offset: string }> }>(node, "ListOffsets", {
      isolationLevel: READ_COMMITTED,
      topics: byTopic(at, ({ partition, time }) => ({ partition, timestamp: String(time) })),
    });
    const answers = answersFor(at, listed(responses));
    return answers.map((one) => ({ value: Number(one?.offset ?? -1), error: errorOf(one?.errorCode ?? -1) }));
  }

  async deleteRecords(node: number, before: readonly (Place & { readonly offset: number })[]): Promise<void> {
    const topics = byTopic(before, ({ partition, offset }) => ({ partition, offset: String(offset) }));
    await this.#connections.ask(node, "DeleteRecords", { topics });
  }

  async coordinator(group: string): Promise<number> {
    const { errorCode, coordinator } = await this.#connections.ask<{
      readonly errorCode: number;
      readonly coordinator: core.Host & { readonly nodeId: number };
    }>(SEED, "GroupCoordinator", { groupId: group });
    orThrow(errorCode);
    this.#connections.learn(coordinator.nodeId, coordinator);
    return coordinator.nodeId;
  }

  async join(node: number, joining: Joining): Promise<Joined> {
    interface Answer {
      readonly errorCode: number;
      readonly generationId: number;
      readonly leaderId: string;
      readonly memberId: string;
      readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
    }
    const { group, id, session, protocol, metadata } = joining;
    const answer = await this.#connections.ask<Answer>(node, "JoinGroup", {
      groupId: group,
      memberId: id,
      sessionTimeout: session,
      rebalanceTimeout: session,
      protocolType: "consumer",
      groupProtocols: [{ name: protocol, metadata }],
    });
    if (answer.errorCode === CODES.memberIdRequired) return this.join(node, { ...joining, id: answer.memberId });
    orThrow(answer.errorCode);
    return {
      member: { group, id: answer.memberId, generation: answer.generationId },
      leads: answer.leaderId === answer.memberId,
      members: answer.members.map(({ memberId, memberMetadata }) => ({ id: memberId, metadata: memberMetadata })),
    };
  }

  async sync(node: number, member: Member, assignments: ReadonlyMap<string, Buffer>): Promise<Buffer> {
    const { errorCode, memberAssignment } = await this.#connections.ask<Coded & { memberAssignment: Buffer }>(
      node,
      "SyncGroup",
      {
        ...{ groupId: member.group, generationId: member.generation, memberId: member.id },
        groupAssignment: [...assignments].map(([memberId, assignment]) => ({ memberId, memberAssignment: assignment })),
      },
    );
    orThrow(errorCode);
    return memberAssignment;
  }

  async heartbeat(node: number, member: Member): Promise<void> {
    const { errorCode } = await this.#connections.ask<Coded>(node, "Heartbeat", asMember(member));
    orThrow(errorCode);
  }

  async leave(node: number, group: string, id: string): Promise<void> {
    await this.#connections.ask(node, "LeaveGroup", { groupId: group, memberId: id });
  }

  async committed(node: number, group: string, places: readonly Place[]): Promise<readonly Committed[]> {
    const { errorCode, responses } = await this.#connections.ask<
      Coded & { readonly responses: OfParts<{ readonly offset: string; readonly metadata: string | null }> }
    >(node, "OffsetFetch", { groupId: group, topics: byTopic(places, ({ partition }) => ({ partition })) });
    orThrow(errorCode);
    return listed(responses).map(({ topic, partition, offset, metadata, errorCode: code }) => {
      orThrow(code);
      return { topic, partition, offset: Number(offset), metadata: metadata ?? "" };
    });
  }

  async commit(node: number, member: Member, offsets: readonly Committed[]): Promise<void> {
    const { responses } = await this.#connections.ask<{ responses: OfParts<unknown> }>(node, "OffsetCommit", {
      ...asMember(member),
      topics: byTopic(offsets, ({ partition, offset, metadata }) => ({ partition, offset: String(offset), metadata })),
    });
    for (const { errorCode } of listed(responses)) orThrow(errorCode);
  }

  close(): void {
    this.#connections.close();
  }
}

const NONE = "anybroker.no.such.topic";

function asMember({ group, id, generation }: Member): object {
  return { groupId: group, memberId: id, groupGenerationId: generation };
}

function errorOf(code: number, message?: string): unknown {
  if (code === 0) return undefined;
  const error = errors.createErrorFromCode(code);
  if (codeOf(error) === -99) Object.assign(error, { code });
  if (message !== undefined) error.message += `: ${message}`;
  return error;
}

function orThrow(code: number): void {
  const error = errorOf(code);
  if (error !== undefined) throw error;
}

function listed<T>(answer: OfParts<T>): readonly (T & Coded & Place)[] {
  return answer.flatMap(({ topic, topicName = "", partitions }) =>
    partitions.map((one) => ({ ...one, topic: topic ?? topicName })),
  );
}
