import type * as core from "@anybroker/core/driver";
import type * as library from "@platformatic/kafka";
import type { Settings } from "../options.ts";
import { CODES } from "../protocol/error-codes.ts";
import { type Decompress, decodeFetchResponse } from "../protocol/fetch-response.ts";
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
import {
  connectionOptions,
  FETCH_KEY,
  type Library,
  loadLibrary,
  PlatformaticConnections,
} from "./platformatic-connections.ts";
import { toMessage } from "./platformatic-message.ts";
import {
  type Client,
  FETCH_BYTES,
  GROUP_PROTOCOL,
  produceTimeout,
  READ_COMMITTED,
  RESPONSE_BYTES,
  SEED_NODE,
  type Session,
  started,
  TOPIC_CONFIGS,
  TRANSACTION_TIMEOUT,
} from "./session.ts";

/** The version of a fetch whose response {@link decodeFetchResponse} decodes. */
const FETCH_VERSION = 11;

/** The metadata of a member that reads no topics. */
const NO_METADATA = Buffer.alloc(6);

/** `@platformatic/kafka` with the driver's settings. It must be installed beside this package. */
export function platformaticClient(settings: Settings): Client {
  let loading: Promise<Library> | undefined;
  return async (host, signal) => {
    loading ??= loadLibrary();
    return started(new PlatformaticSession(await loading, settings, host), signal);
  };
}

class PlatformaticSession implements Session {
  readonly lost: Promise<unknown>;
  readonly native: library.Admin;
  readonly contactedNodes: ReadonlySet<number>;
  readonly fetchedNodes: ReadonlySet<number>;
  readonly #library: Library;
  readonly #settings: Settings;
  /** A fetch whose response the library does not decode. */
  readonly #fetch: library.API<library.fetchV11.FetchRequest, Buffer>;
  readonly #connections: PlatformaticConnections;
  version = "";

  constructor(loaded: Library, settings: Settings, host: core.Host) {
    this.#library = loaded;
    this.#settings = settings;
    const { createRequest } = loaded.fetchV11;
    const undecoded: library.ResponseParser<Buffer> = (_id, _key, _version, { buffer }) => buffer.buffer;
    this.#fetch = loaded.createAPI(FETCH_KEY, FETCH_VERSION, createRequest, undecoded, false, false);
    this.#connections = new PlatformaticConnections(loaded, settings, host);
    this.lost = this.#connections.lost;
    this.contactedNodes = this.#connections.contactedNodes;
    this.fetchedNodes = this.#connections.fetchedNodes;
    const bootstrapBrokers = settings.hosts.map(({ host: name, port }) => `${name}:${port}`);
    this.native = new loaded.Admin({
      clientId: settings.clientId,
      bootstrapBrokers,
      ...connectionOptions(settings),
    });
  }

  async start(): Promise<void> {
    const { apiVersionsV3 } = this.#library;
    const { apiKeys } = await this.#connections.request(SEED_NODE, apiVersionsV3.api, this.#settings.clientId, "1");
    this.version = serverVersion(new Map(apiKeys.map(({ apiKey, maxVersion }) => [apiKey, maxVersion])));
    await this.metadata([]);
  }

  async metadata(topics: readonly string[], node: number = SEED_NODE): Promise<readonly TopicInfo[]> {
    const response = await this.#connections.request(node, this.#library.metadataV12.api, [...topics], false, false);
    for (const { nodeId, host, port } of response.brokers) this.#connections.setAddress(nodeId, { host, port });
    return response.topics.map(({ name, errorCode, partitions }) => {
      const leaders: number[] = new Array(partitions.length).fill(-1);
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
      return { topic: name ?? "", error: this.#errorOf(errorCode), leaders };
    });
  }

  async createTopics(topics: readonly NewTopic[]): Promise<readonly unknown[]> {
    const { createTopicsV7 } = this.#library;
    const wanted = topics.map(({ topic, partitions, replicas, config }) => ({
      name: topic,
      numPartitions: partitions,
      replicationFactor: replicas,
      assignments: [],
      configs: Object.entries(config).map(([name, value]) => ({ name, value })),
    }));
    const response = await this.#connections.request(
      SEED_NODE,
      createTopicsV7.api,
      wanted,
      this.#settings.timeout,
      false,
    );
    return response.topics.map(({ errorCode, errorMessage }) => this.#errorOf(errorCode, errorMessage));
  }

  async topicConfigs(topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const { describeConfigsV4, ConfigResourceTypes } = this.#library;
    const resources = topics.map((resourceName) => ({
      resourceType: ConfigResourceTypes.TOPIC,
      resourceName,
      configurationKeys: [...TOPIC_CONFIGS],
    }));
    const { results } = await this.#connections.request(SEED_NODE, describeConfigsV4.api, resources, false, false);
    return new Map(
      results.map(({ resourceName, configs }) => [
        resourceName,
        new Map(configs.map(({ name, value }) => [name, value ?? ""])),
      ]),
    );
  }

  async newProducerId(): Promise<ProducerId> {
    const { initProducerIdV4 } = this.#library;
    const response = await this.#connections.request(
      SEED_NODE,
      initProducerIdV4.api,
      null,
      TRANSACTION_TIMEOUT,
      -1n,
      -1,
    );
    this.#throwIfError(response.errorCode);
    return { id: Number(response.producerId), epoch: response.producerEpoch };
  }

  async produce(node: number, batches: readonly PartitionBatch[], producer: ProducerId): Promise<readonly unknown[]> {
    const { produceV10, NumericMap } = this.#library;
    const sequences = new NumericMap();
    for (const { topic, partition, sequence } of batches) sequences.set(`${topic}:${partition}`, sequence);
    const messages = batches.flatMap(({ topic, partition, records }) =>
      records.map((record) => toMessage(topic, partition, record)),
    );
    const options = { producerId: BigInt(producer.id), producerEpoch: producer.epoch, sequences };
    const timeout = produceTimeout(this.#settings.timeout);
    const response = await this.#connections.request(node, produceV10.api, -1, timeout, messages, options);
    // The library returns a boolean only for requests that want no acknowledgement.
    const topics = typeof response === "boolean" ? [] : response.responses;
    const results = topics.flatMap(({ name, partitionResponses }) =>
      partitionResponses.map(({ index, errorCode }) => ({ topic: name, partition: index, errorCode })),
    );
    return inOrderOf(batches, results).map((result) => this.#errorOf(result?.errorCode ?? -1));
  }

  async fetch(node: number, from: readonly PartitionOffset[], wait: number): Promise<readonly FetchedPartition[]> {
    const topics = byTopic(from, ({ partition, offset }) => ({
      partition,
      currentLeaderEpoch: -1,
      fetchOffset: BigInt(offset),
      lastFetchedEpoch: -1,
      partitionMaxBytes: FETCH_BYTES,
    })).map(({ topic, partitions }) => ({ topicId: topic, partitions }));
    const data = await this.#connections.request(
      node,
      this.#fetch,
      wait,
      1,
      RESPONSE_BYTES,
      READ_COMMITTED,
      0,
      -1,
      topics,
      [],
      "",
    );
    const codecs = this.#library.compressionsAlgorithmsByBitmask;
    const decompress: Decompress = (codec, packed) => codecs[codec]?.decompressSync(packed) ?? packed;
    return decodeFetchResponse(data, from, decompress, (code) => this.#errorOf(code));
  }

  async listOffsets(node: number, times: readonly PartitionTime[]): Promise<readonly OffsetResult[]> {
    const wanted = byTopicName(times, ({ partition, time }) => ({
      partitionIndex: partition,
      currentLeaderEpoch: -1,
      timestamp: BigInt(time),
    }));
    const { topics } = await this.#connections.request(
      node,
      this.#library.listOffsetsV7.api,
      -1,
      READ_COMMITTED,
      wanted,
    );
    return inOrderOf(times, flatten(topics)).map((result) => ({
      value: Number(result?.offset ?? -1),
      error: this.#errorOf(result?.errorCode ?? -1),
    }));
  }

  async deleteRecords(node: number, before: readonly PartitionOffset[]): Promise<readonly unknown[]> {
    const wanted = byTopicName(before, ({ partition, offset }) => ({
      partitionIndex: partition,
      offset: BigInt(offset),
    }));
    const { timeout } = this.#settings;
    const { topics } = await this.#connections.request(node, this.#library.deleteRecordsV2.api, wanted, timeout);
    return inOrderOf(before, flatten(topics)).map((result) => this.#errorOf(result?.errorCode ?? -1));
  }

  async topicNames(): Promise<readonly string[]> {
    const { topics } = await this.#connections.request(SEED_NODE, this.#library.metadataV12.api, null, false, false);
    return topics.flatMap(({ name }) => name ?? []);
  }

  async deleteTopics(topics: readonly string[]): Promise<readonly unknown[]> {
    const wanted = topics.map((name) => ({ name }));
    const { timeout } = this.#settings;
    const { responses } = await this.#connections.request(SEED_NODE, this.#library.deleteTopicsV6.api, wanted, timeout);
    const results = new Map(responses.map((result) => [result.name, result]));
    return topics.map((topic) => {
      const { errorCode = -1, errorMessage } = results.get(topic) ?? {};
      return this.#errorOf(errorCode, errorMessage);
    });
  }

  async findCoordinator(group: string): Promise<number> {
    const { coordinators } = await this.#connections.request(SEED_NODE, this.#library.findCoordinatorV4.api, 0, [
      group,
    ]);
    const [found] = coordinators;
    this.#throwIfError(found?.errorCode ?? CODES.coordinatorNotAvailable);
    const { nodeId, host, port } = found ?? { nodeId: SEED_NODE, host: "", port: 0 };
    this.#connections.setAddress(nodeId, { host, port });
    return nodeId;
  }

  async joinGroup(node: number, request: JoinRequest): Promise<JoinResult> {
    const { group, id, sessionTimeout, protocol, metadata } = request;
    const response = await this.#connections.request(
      node,
      this.#library.joinGroupV9.api,
      group,
      sessionTimeout,
      sessionTimeout,
      id,
      null,
      "consumer",
      [{ name: protocol, metadata }],
      null,
    );
    const memberId = response.memberId ?? "";
    if (response.errorCode === CODES.memberIdRequired) return this.joinGroup(node, { ...request, id: memberId });
    this.#throwIfError(response.errorCode);
    return {
      member: { group, id: memberId, generation: response.generationId },
      isLeader: response.leader === memberId,
      members: response.members.map((member) => ({ id: member.memberId, metadata: member.metadata ?? NO_METADATA })),
    };
  }

  async syncGroup(node: number, member: Member, assignments: ReadonlyMap<string, Buffer>): Promise<Buffer> {
    const { group, generation, id } = member;
    const response = await this.#connections.request(
      node,
      this.#library.syncGroupV5.api,
      group,
      generation,
      id,
      null,
      "consumer",
      GROUP_PROTOCOL,
      [...assignments].map(([memberId, assignment]) => ({ memberId, assignment })),
    );
    this.#throwIfError(response.errorCode);
    return response.assignment;
  }

  async heartbeat(node: number, { group, generation, id }: Member): Promise<void> {
    const response = await this.#connections.request(node, this.#library.heartbeatV4.api, group, generation, id, null);
    this.#throwIfError(response.errorCode);
  }

  async leaveGroup(node: number, group: string, memberId: string): Promise<void> {
    await this.#connections.request(node, this.#library.leaveGroupV5.api, group, [{ memberId }]);
  }

  async groupMembers(node: number, group: string): Promise<readonly string[]> {
    const { groups } = await this.#connections.request(node, this.#library.describeGroupsV5.api, [group], false);
    return groups.flatMap(({ errorCode, members }) => {
      if (errorCode === CODES.noSuchGroup) return [];
      this.#throwIfError(errorCode);
      return members.map(({ memberId }) => memberId);
    });
  }

  async deleteGroup(node: number, group: string): Promise<void> {
    const { results } = await this.#connections.request(node, this.#library.deleteGroupsV2.api, [group]);
    for (const { errorCode } of results) this.#throwIfError(errorCode);
  }

  async committedOffsets(
    node: number,
    group: string,
    partitions: readonly TopicPartition[],
  ): Promise<readonly CommittedOffset[]> {
    const topics = byTopic(partitions, ({ partition }) => partition).map((one) => ({
      name: one.topic,
      partitionIndexes: one.partitions,
    }));
    const wanted = [{ groupId: group, memberId: null, memberEpoch: -1, topics }];
    const { groups } = await this.#connections.request(node, this.#library.offsetFetchV8.api, wanted, false);
    for (const { errorCode } of groups) this.#throwIfError(errorCode);
    return flatten(groups.flatMap((found) => found.topics)).map((result) => {
      this.#throwIfError(result.errorCode);
      const { topic, partition, committedOffset, metadata } = result;
      return { topic, partition, offset: Number(committedOffset), metadata: metadata ?? "" };
    });
  }

  async commitOffsets(node: number, member: Member, offsets: readonly CommittedOffset[]): Promise<void> {
    const { offsetCommitV8 } = this.#library;
    const { group, generation, id } = member;
    const wanted = byTopicName(offsets, ({ partition, offset, metadata }) => ({
      partitionIndex: partition,
      committedOffset: BigInt(offset),
      committedLeaderEpoch: -1,
      committedMetadata: metadata,
    }));
    const { topics } = await this.#connections.request(node, offsetCommitV8.api, group, generation, id, null, wanted);
    for (const { errorCode } of flatten(topics)) this.#throwIfError(errorCode);
  }

  close(): void {
    this.#connections.close();
    this.native.close().catch(() => {});
  }

  #errorOf(code: number, message?: string | null): unknown {
    return code === 0 ? undefined : new this.#library.ProtocolError(code, message);
  }

  #throwIfError(code: number): void {
    const error = this.#errorOf(code);
    if (error !== undefined) throw error;
  }
}

/** Partitions grouped by topic, with the topic field that most of the library's requests have. */
function byTopicName<P extends TopicPartition, T>(
  partitions: readonly P[],
  convert: (partition: P) => T,
): { name: string; partitions: T[] }[] {
  return byTopic(partitions, convert).map((group) => ({ name: group.topic, partitions: group.partitions }));
}

/** Per-partition results as one list, with our names for topic and partition. */
function flatten<T extends { readonly partitionIndex: number }>(
  topics: readonly { readonly name: string; readonly partitions: readonly T[] }[],
): readonly (T & TopicPartition)[] {
  return topics.flatMap(({ name, partitions }) =>
    partitions.map((result) => ({ ...result, topic: name, partition: result.partitionIndex })),
  );
}
