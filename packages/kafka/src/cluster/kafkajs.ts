import type * as core from "@anybroker/core/driver";
import type { Kafka } from "kafkajs";
import type { Settings } from "../options.ts";
import { CODES, kafkaCodeOf } from "../protocol/error-codes.ts";
import { decodeFetchResponse } from "../protocol/fetch-response.ts";
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
import { serverVersion } from "../protocol/server-version.ts";
import { byTopic, inOrderOf, type TopicPartition } from "../protocol/topic-partition.ts";
import { Connections, kafkajsFor } from "./kafkajs-connections.ts";
import { createErrorFromCode, lookupCodec } from "./kafkajs-internals.ts";
import {
  type Client,
  FETCH_BYTES,
  produceTimeout,
  READ_COMMITTED,
  RESPONSE_BYTES,
  SEED_NODE,
  type Session,
  started,
  TOPIC_CONFIGS,
  TRANSACTION_TIMEOUT,
} from "./session.ts";

/** Kafka's number for topics among the resources that can be configured. */
const TOPIC_RESOURCE = 2;

/** A name that no topic can have. */
const NO_TOPIC = "anybroker.no.such.topic";

/** The name that kafkajs gives to an error whose code it does not know. */
const UNKNOWN_CODE = -99;

/** kafkajs with the driver's settings. */
export function kafkajsClient(settings: Settings): Client {
  return (host, signal) => started(new KafkajsSession(settings, host), signal);
}

interface WithErrorCode {
  readonly errorCode: number;
}

/** Per-partition results. Depending on the request, the topic field is `topic` or `topicName`. */
type PartitionResults<T> = readonly {
  readonly topic?: string | undefined;
  readonly topicName?: string | undefined;
  readonly partitions: readonly (T & WithErrorCode & { readonly partition: number })[];
}[];

interface MetadataResponse {
  readonly brokers: readonly { readonly nodeId: number; readonly host: string; readonly port: number }[];
  readonly topicMetadata: readonly {
    readonly topic: string;
    readonly topicErrorCode: number;
    readonly partitionMetadata: readonly { readonly partitionId: number; readonly leader: number }[];
  }[];
}

interface DescribeConfigsResponse {
  readonly resources: readonly {
    readonly resourceName: string;
    readonly configEntries: readonly { readonly configName: string; readonly configValue: string }[];
  }[];
}

interface JoinGroupResponse extends WithErrorCode {
  readonly generationId: number;
  readonly leaderId: string;
  readonly memberId: string;
  readonly members: readonly { readonly memberId: string; readonly memberMetadata: Buffer }[];
}

class KafkajsSession implements Session {
  readonly lost: Promise<unknown>;
  readonly native: Kafka;
  readonly contactedNodes: ReadonlySet<number>;
  readonly fetchedNodes: ReadonlySet<number>;
  readonly #settings: Settings;
  readonly #connections: Connections;
  version = "";

  constructor(settings: Settings, host: core.Host) {
    this.#settings = settings;
    this.native = kafkajsFor(settings);
    this.#connections = new Connections(settings, host);
    this.lost = this.#connections.lost;
    this.contactedNodes = this.#connections.contactedNodes;
    this.fetchedNodes = this.#connections.fetchedNodes;
  }

  async start(): Promise<void> {
    this.version = serverVersion(await this.#connections.knownRequests());
    await this.metadata([]);
  }

  async metadata(topics: readonly string[], node: number = SEED_NODE): Promise<readonly TopicInfo[]> {
    const { brokers, topicMetadata } = await this.#connections.request<MetadataResponse>(node, "Metadata", {
      // An empty list would mean all topics.
      topics: topics.length === 0 ? [NO_TOPIC] : topics,
      allowAutoTopicCreation: false,
    });
    for (const { nodeId, host, port } of brokers) this.#connections.setAddress(nodeId, { host, port });
    return topicMetadata
      .filter(({ topic }) => topic !== NO_TOPIC)
      .map(({ topic, topicErrorCode, partitionMetadata }) => {
        const leaders: number[] = new Array(partitionMetadata.length).fill(-1);
        for (const { partitionId, leader } of partitionMetadata) leaders[partitionId] = leader;
        return { topic, error: errorOf(topicErrorCode), leaders };
      });
  }

  async createTopics(topics: readonly NewTopic[]): Promise<readonly unknown[]> {
    const { topicErrors } = await this.#connections.request<{
      readonly topicErrors: readonly (WithErrorCode & { readonly errorMessage: string | null })[];
    }>(SEED_NODE, "CreateTopics", {
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

  async topicConfigs(topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const { resources } = await this.#connections.request<DescribeConfigsResponse>(SEED_NODE, "DescribeConfigs", {
      resources: topics.map((name) => ({ type: TOPIC_RESOURCE, name, configNames: TOPIC_CONFIGS })),
      includeSynonyms: false,
    });
    return new Map(
      resources.map(({ resourceName, configEntries }) => [
        resourceName,
        new Map(configEntries.map(({ configName, configValue }) => [configName, configValue])),
      ]),
    );
  }

  async newProducerId(): Promise<ProducerId> {
    const { errorCode, producerId, producerEpoch } = await this.#connections.request<
      WithErrorCode & { readonly producerId: string; readonly producerEpoch: number }
    >(SEED_NODE, "InitProducerId", { transactionalId: null, transactionTimeout: TRANSACTION_TIMEOUT });
    throwIfError(errorCode);
    return { id: Number(producerId), epoch: producerEpoch };
  }

  async produce(node: number, batches: readonly PartitionBatch[], producer: ProducerId): Promise<readonly unknown[]> {
    const { topics } = await this.#connections.request<{ readonly topics: PartitionResults<unknown> }>(
      node,
      "Produce",
      {
        acks: -1,
        timeout: produceTimeout(this.#settings.timeout),
        producerId: producer.id,
        producerEpoch: producer.epoch,
        topicData: byTopic(batches, ({ partition, records, sequence }) => ({
          partition,
          firstSequence: sequence,
          messages: records,
        })),
      },
    );
    return inOrderOf(batches, flatten(topics)).map((result) => errorOf(result?.errorCode ?? -1));
  }

  async fetch(node: number, from: readonly PartitionOffset[], wait: number): Promise<readonly FetchedPartition[]> {
    const request = {
      maxWaitTime: wait,
      minBytes: 1,
      maxBytes: RESPONSE_BYTES,
      isolationLevel: READ_COMMITTED,
      topics: byTopic(from, ({ partition, offset }) => ({
        partition,
        fetchOffset: String(offset),
        maxBytes: FETCH_BYTES,
      })),
    };
    const data = await this.#connections.request<Buffer>(node, "Fetch", request, async (response) => response);
    return decodeFetchResponse(data, from, decompress, errorOf);
  }

  async listOffsets(node: number, times: readonly PartitionTime[]): Promise<readonly OffsetResult[]> {
    const { responses } = await this.#connections.request<{
      readonly responses: PartitionResults<{ readonly offset: string }>;
    }>(node, "ListOffsets", {
      isolationLevel: READ_COMMITTED,
      topics: byTopic(times, ({ partition, time }) => ({ partition, timestamp: String(time) })),
    });
    return inOrderOf(times, flatten(responses)).map((result) => ({
      value: Number(result?.offset ?? -1),
      error: errorOf(result?.errorCode ?? -1),
    }));
  }

  async deleteRecords(node: number, before: readonly PartitionOffset[]): Promise<readonly unknown[]> {
    const { topics } = await this.#connections.request<{ readonly topics: PartitionResults<unknown> }>(
      node,
      "DeleteRecords",
      { topics: byTopic(before, ({ partition, offset }) => ({ partition, offset: String(offset) })) },
    );
    return inOrderOf(before, flatten(topics)).map((result) => errorOf(result?.errorCode ?? -1));
  }

  async topicNames(): Promise<readonly string[]> {
    const { topicMetadata } = await this.#connections.request<MetadataResponse>(SEED_NODE, "Metadata", {
      // kafkajs sends an empty list as none, which means all topics.
      topics: [],
      allowAutoTopicCreation: false,
    });
    return topicMetadata.map(({ topic }) => topic);
  }

  async deleteTopics(topics: readonly string[]): Promise<readonly unknown[]> {
    const { topicErrors } = await this.#connections.request<{
      readonly topicErrors: readonly (WithErrorCode & { readonly topic: string })[];
    }>(SEED_NODE, "DeleteTopics", { topics, timeout: this.#settings.timeout });
    const codes = new Map(topicErrors.map(({ topic, errorCode }) => [topic, errorCode]));
    return topics.map((topic) => errorOf(codes.get(topic) ?? -1));
  }

  async findCoordinator(group: string): Promise<number> {
    const { errorCode, coordinator } = await this.#connections.request<
      WithErrorCode & { readonly coordinator: core.Host & { readonly nodeId: number } }
    >(SEED_NODE, "GroupCoordinator", { groupId: group });
    throwIfError(errorCode);
    this.#connections.setAddress(coordinator.nodeId, coordinator);
    return coordinator.nodeId;
  }

  async joinGroup(node: number, request: JoinRequest): Promise<JoinResult> {
    const { group, id, sessionTimeout, protocol, metadata } = request;
    const response = await this.#connections.request<JoinGroupResponse>(node, "JoinGroup", {
      groupId: group,
      memberId: id,
      sessionTimeout,
      rebalanceTimeout: sessionTimeout,
      protocolType: "consumer",
      groupProtocols: [{ name: protocol, metadata }],
    });
    const { errorCode, memberId, generationId, leaderId, members } = response;
    if (errorCode === CODES.memberIdRequired) return this.joinGroup(node, { ...request, id: memberId });
    throwIfError(errorCode);
    return {
      member: { group, id: memberId, generation: generationId },
      isLeader: leaderId === memberId,
      members: members.map((member) => ({ id: member.memberId, metadata: member.memberMetadata })),
    };
  }

  async syncGroup(node: number, member: Member, assignments: ReadonlyMap<string, Buffer>): Promise<Buffer> {
    const { errorCode, memberAssignment } = await this.#connections.request<
      WithErrorCode & { readonly memberAssignment: Buffer }
    >(node, "SyncGroup", {
      groupId: member.group,
      generationId: member.generation,
      memberId: member.id,
      groupAssignment: [...assignments].map(([memberId, assignment]) => ({ memberId, memberAssignment: assignment })),
    });
    throwIfError(errorCode);
    return memberAssignment;
  }

  async heartbeat(node: number, member: Member): Promise<void> {
    const { errorCode } = await this.#connections.request<WithErrorCode>(node, "Heartbeat", memberFields(member));
    throwIfError(errorCode);
  }

  async leaveGroup(node: number, group: string, memberId: string): Promise<void> {
    await this.#connections.request(node, "LeaveGroup", { groupId: group, memberId });
  }

  async groupMembers(node: number, group: string): Promise<readonly string[]> {
    const { groups } = await this.#connections.request<{
      readonly groups: readonly (WithErrorCode & { readonly members: readonly { readonly memberId: string }[] })[];
    }>(node, "DescribeGroups", { groupIds: [group] });
    return groups.flatMap(({ errorCode, members }) => {
      if (errorCode === CODES.noSuchGroup) return [];
      throwIfError(errorCode);
      return members.map(({ memberId }) => memberId);
    });
  }

  async deleteGroup(node: number, group: string): Promise<void> {
    const { results } = await this.#connections.request<{ readonly results: readonly WithErrorCode[] }>(
      node,
      "DeleteGroups",
      [group],
    );
    for (const { errorCode } of results) throwIfError(errorCode);
  }

  async committedOffsets(
    node: number,
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly CommittedOffset[]> {
    const { errorCode, responses } = await this.#connections.request<
      WithErrorCode & {
        readonly responses: PartitionResults<{ readonly offset: string; readonly metadata: string | null }>;
      }
    >(node, "OffsetFetch", { groupId: group, topics: byTopic(partitions, ({ partition }) => ({ partition })) });
    throwIfError(errorCode);
    return flatten(responses).map((result) => {
      throwIfError(result.errorCode);
      const { topic, partition, offset, metadata } = result;
      return { topic, partition, offset: Number(offset), metadata: metadata ?? "" };
    });
  }

  async commitOffsets(node: number, member: Member, offsets: readonly CommittedOffset[]): Promise<void> {
    const { responses } = await this.#connections.request<{ readonly responses: PartitionResults<unknown> }>(
      node,
      "OffsetCommit",
      {
        ...memberFields(member),
        topics: byTopic(offsets, ({ partition, offset, metadata }) => ({
          partition,
          offset: String(offset),
          metadata,
        })),
      },
    );
    for (const { errorCode } of flatten(responses)) throwIfError(errorCode);
  }

  close(): void {
    this.#connections.close();
  }
}

function decompress(codec: number, data: Buffer): Promise<Buffer> {
  return lookupCodec(codec).decompress(data);
}

function memberFields({ group, id, generation }: Member): object {
  return { groupId: group, memberId: id, groupGenerationId: generation };
}

function errorOf(code: number, message?: string): unknown {
  if (code === 0) return undefined;
  const error = createErrorFromCode(code);
  if (kafkaCodeOf(error) === UNKNOWN_CODE) Object.assign(error, { code });
  if (message !== undefined) error.message += `: ${message}`;
  return error;
}

function throwIfError(code: number): void {
  const error = errorOf(code);
  if (error !== undefined) throw error;
}

function flatten<T>(results: PartitionResults<T>): readonly (T & WithErrorCode & TopicPartition)[] {
  return results.flatMap(({ topic, topicName = "", partitions }) =>
    partitions.map((result) => ({ ...result, topic: topic ?? topicName })),
  );
}
