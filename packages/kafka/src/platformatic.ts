import { isIP } from "node:net";
import type * as core from "@anybroker/core/driver";
import { BrokerError, reasonOf } from "@anybroker/core/driver";
import type * as library from "@platformatic/kafka";
import * as client from "./client.ts";
import { answersFor, byTopic, CODES, FETCH_BYTES, READ_COMMITTED, RESPONSE_BYTES, SEED } from "./client.ts";
import type { Settings } from "./options.ts";
import { type From, readFetched, type Unpack } from "./records.ts";

type Library = typeof library;
type Connection = library.Connection;

/** `@platformatic/kafka` with the driver's settings. It must be installed beside this package. */
export function platformaticClient(settings: Settings): client.Client {
  let open: Promise<client.Client> | undefined;
  return async (signal) => {
    open ??= load().then((loaded) =>
      client.inTurn(settings.hosts, (host) => new PlatformaticSession(loaded, settings, host)),
    );
    return (await open)(signal);
  };
}

async function load(): Promise<Library> {
  try {
    return await import("@platformatic/kafka");
  } catch (cause) {
    const message = 'the client "platformatic" needs its package: npm install @platformatic/kafka';
    throw new BrokerError("ADAPTER_MISSING", `${message} (${reasonOf(cause)})`, { cause });
  }
}

function optionsOf({ tls, sasl, timeout }: Settings): library.ConnectionOptions {
  return {
    ...{ connectTimeout: timeout, requestTimeout: timeout, maxInflights: 100 },
    ...(tls === undefined ? {} : { tls, tlsServerName: true }),
    ...(sasl === undefined ? {} : { sasl: saslOf(sasl) }),
  };
}

function saslOf(sasl: NonNullable<Settings["sasl"]>): library.SASLOptions {
  if (sasl.mechanism === "oauthbearer") {
    const { token } = sasl;
    const refusal = new BrokerError("UNAUTHORIZED", "the server does not take the token");
    return {
      ...{ mechanism: "OAUTHBEARER", token },
      // A server that takes the token answers nothing.
      authBytesValidator: (answer, done) => done(answer.length > 0 ? refusal : null, answer),
    };
  }
  // The cast is true: the library's names are Kafka's own, in capitals.
  const mechanism = sasl.mechanism.toUpperCase() as library.SASLMechanismValue;
  return { mechanism, username: sasl.username, password: sasl.password };
}

class PlatformaticSession implements client.Session {
  readonly lost: Promise<unknown>;
  readonly native: library.Admin;
  readonly asked: Set<number> = new Set();
  readonly fetched: Set<number> = new Set();
  readonly #library: Library;
  readonly #settings: Settings;
  /** A fetch whose answer is left as it is. */
  readonly #fetch: library.API<library.fetchV11.FetchRequest, Buffer>;
  readonly #end: (reason: unknown) => void;
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #all = new Set<Connection>();
  readonly #addresses = new Map<number, core.Host>();
  #closed = false;
  version = "";

  constructor(loaded: Library, settings: Settings, seed: core.Host) {
    this.#library = loaded;
    this.#settings = settings;
    const { createRequest } = loaded.fetchV11;
    const asItIs: library.ResponseParser<Buffer> = (_id, _key, _version, { buffer }) => buffer.buffer;
    this.#fetch = loaded.createAPI(1, 11, createRequest, asItIs, false, false);
    this.#addresses.set(SEED, seed);
    const bootstrapBrokers = settings.hosts.map(({ host, port }) => `${host}:${port}`);
    this.native = new loaded.Admin({ clientId: settings.clientId, bootstrapBrokers, ...optionsOf(settings) });
    const { promise, resolve } = Promise.withResolvers<unknown>();
    this.lost = promise;
    this.#end = resolve;
  }

  async start(): Promise<void> {
    const { apiVersionsV3 } = this.#library;
    const { apiKeys } = await this.#ask(SEED, apiVersionsV3.api, this.#settings.clientId, "1");
    this.version = `Produce v${apiKeys.find(({ apiKey }) => apiKey === 0)?.maxVersion}`;
    await this.metadata([]);
  }

  async metadata(topics: readonly string[], node = SEED): Promise<readonly client.TopicInfo[]> {
    const answer = await this.#ask(node, this.#library.metadataV12.api, [...topics], false, false);
    for (const { nodeId, host, port } of answer.brokers) this.#addresses.set(nodeId, { host, port });
    return answer.topics.map(({ name, errorCode, partitions }) => {
      const leaders: number[] = new Array(partitions.length).fill(-1);
      for (const { partitionIndex, leaderId } of partitions) leaders[partitionIndex] = leaderId;
      return { topic: name ?? "", error: this.#errorOf(errorCode), leaders };
    });
  }

  async createTopics(topics: readonly client.NewTopic[]): Promise<readonly unknown[]> {
    const wanted = topics.map(({ topic, partitions, replicas, config }) => ({
      ...{ name: topic, numPartitions: partitions, replicationFactor: replicas, assignments: [] },
      configs: Object.entries(config).map(([name, value]) => ({ name, value })),
    }));
    const answer = await this.#ask(SEED, this.#library.createTopicsV7.api, wanted, this.#settings.timeout, false);
    return answer.topics.map(({ errorCode, errorMessage }) => this.#errorOf(errorCode, errorMessage));
  }

  async settings(topics: readonly string[]): Promise<ReadonlyMap<string, ReadonlyMap<string, string>>> {
    const { describeConfigsV4, ConfigResourceTypes } = this.#library;
    const resources = topics.map((resourceName) => ({
      ...{ resourceType: ConfigResourceTypes.TOPIC, resourceName, configurationKeys: [...client.SETTINGS] },
    }));
    const { results } = await this.#ask(SEED, describeConfigsV4.api, resources, false, false);
    return new Map(
      results.map(({ resourceName, configs }) => [
        resourceName,
        new Map(configs.map(({ name, value }) => [name, value ?? ""])),
      ]),
    );
  }

  async newProducer(): Promise<client.Producer> {
    const answer = await this.#ask(SEED, this.#library.initProducerIdV4.api, null, 5_000, -1n, -1);
    this.#orThrow(answer.errorCode);
    return { id: Number(answer.producerId), epoch: answer.producerEpoch };
  }

  async produce(node: number, chunks: readonly client.Chunk[], producer: client.Producer): Promise<readonly unknown[]> {
    const { produceV10, NumericMap } = this.#library;
    const sequences = new NumericMap();
    for (const { topic, partition, sequence } of chunks) sequences.set(`${topic}:${partition}`, sequence);
    const messages = chunks.flatMap(({ topic, partition, records }) =>
      records.map((record) => toMessage(topic, partition, record)),
    );
    const options = { producerId: BigInt(producer.id), producerEpoch: producer.epoch, sequences };
    const timeout = Math.floor(this.#settings.timeout * 0.8);
    const answer = await this.#ask(node, produceV10.api, -1, timeout, messages, options);
    const answers = (typeof answer === "boolean" ? [] : answer.responses).flatMap(({ name, partitionResponses }) =>
      partitionResponses.map(({ index, errorCode }) => ({ topic: name, partition: index, errorCode })),
    );
    return answersFor(chunks, answers).map((one) => this.#errorOf(one?.errorCode ?? -1));
  }

  async fetch(node: number, from: readonly From[], wait: number): Promise<readonly client.Fetched[]> {
    const topics = byTopic(from, ({ partition, offset }) => ({
      ...{ partition, currentLeaderEpoch: -1, lastFetchedEpoch: -1 },
      ...{ fetchOffset: BigInt(offset), partitionMaxBytes: FETCH_BYTES },
    })).map(({ topic, partitions }) => ({ topicId: topic, partitions }));
    const { compressionsAlgorithmsByBitmask: packings } = this.#library;
    const data = await this.#ask(node, this.#fetch, wait, 1, RESPONSE_BYTES, READ_COMMITTED, 0, -1, topics, [], "");
    const unpack: Unpack = (way, packed) => packings[way]?.decompressSync(packed) ?? packed;
    return readFetched(data, from, unpack, (code) => this.#errorOf(code));
  }

  async offsets(
    node: number,
    at: readonly (client.Place & { readonly time: number })[],
  ): Promise<readonly client.Outcome[]> {
    const asked = named(at, ({ partition, time }) => ({
      ...{ partitionIndex: partition, currentLeaderEpoch: -1, timestamp: BigInt(time) },
    }));
    const { topics } = await this.#ask(node, this.#library.listOffsetsV7.api, -1, READ_COMMITTED, asked);
    const answers = answersFor(at, listed(topics));
    return answers.map((one) => ({ value: Number(one?.offset ?? -1), error: this.#errorOf(one?.errorCode ?? -1) }));
  }

  async deleteRecords(node: number, before: readonly (client.Place & { readonly offset: number })[]): Promise<void> {
    const asked = named(before, ({ partition, offset }) => ({ partitionIndex: partition, offset: BigInt(offset) }));
    await this.#ask(node, this.#library.deleteRecordsV2.api, asked, this.#settings.timeout);
  }

  async coordinator(group: string): Promise<number> {
    const { coordinators } = await this.#ask(SEED, this.#library.findCoordinatorV4.api, 0, [group]);
    const [found] = coordinators;
    this.#orThrow(found?.errorCode ?? CODES.coordinatorNotAvailable);
    const { nodeId, host, port } = found ?? { nodeId: SEED, host: "", port: 0 };
    this.#addresses.set(nodeId, { host, port });
    return nodeId;
  }

  async join(node: number, joining: client.Joining): Promise<client.Joined> {
    const { group, id, session, protocol, metadata } = joining;
    const protocols = [{ name: protocol, metadata }];
    const asked = [group, session, session, id, null, "consumer", protocols, null] as const;
    const answer = await this.#ask(node, this.#library.joinGroupV9.api, ...asked);
    const memberId = answer.memberId ?? "";
    if (answer.errorCode === CODES.memberIdRequired) return this.join(node, { ...joining, id: memberId });
    this.#orThrow(answer.errorCode);
    return {
      member: { group, id: memberId, generation: answer.generationId },
      leads: answer.leader === memberId,
      members: answer.members.map((one) => ({ id: one.memberId, metadata: one.metadata ?? Buffer.alloc(6) })),
    };
  }

  async sync(node: number, member: client.Member, assignments: ReadonlyMap<string, Buffer>): Promise<Buffer> {
    const shares = [...assignments].map(([memberId, assignment]) => ({ memberId, assignment }));
    const { group, generation, id } = member;
    const asked = [group, generation, id, null, "consumer", client.PROTOCOL, shares] as const;
    const answer = await this.#ask(node, this.#library.syncGroupV5.api, ...asked);
    this.#orThrow(answer.errorCode);
    return answer.assignment;
  }

  async heartbeat(node: number, { group, generation, id }: client.Member): Promise<void> {
    this.#orThrow((await this.#ask(node, this.#library.heartbeatV4.api, group, generation, id, null)).errorCode);
  }

  async leave(node: number, group: string, id: string): Promise<void> {
    await this.#ask(node, this.#library.leaveGroupV5.api, group, [{ memberId: id }]);
  }

  async committed(node: number, group: string, places: readonly client.Place[]): Promise<readonly client.Committed[]> {
    const topics = byTopic(places, ({ partition }) => partition).map(({ topic, partitions }) => ({
      ...{ name: topic, partitionIndexes: partitions },
    }));
    const asked = [{ groupId: group, memberId: null, memberEpoch: -1, topics }];
    const { groups } = await this.#ask(node, this.#library.offsetFetchV8.api, asked, false);
    for (const { errorCode } of groups) this.#orThrow(errorCode);
    const answers = listed(groups.flatMap((one) => one.topics));
    return answers.map(({ topic, partition, committedOffset, metadata, errorCode }) => {
      this.#orThrow(errorCode);
      return { topic, partition, offset: Number(committedOffset), metadata: metadata ?? "" };
    });
  }

  async commit(node: number, member: client.Member, offsets: readonly client.Committed[]): Promise<void> {
    const asked = named(offsets, ({ partition, offset, metadata }) => ({
      ...{ partitionIndex: partition, committedOffset: BigInt(offset), committedLeaderEpoch: -1 },
      committedMetadata: metadata,
    }));
    const { group, generation, id } = member;
    const { topics } = await this.#ask(node, this.#library.offsetCommitV8.api, group, generation, id, null, asked);
    for (const { errorCode } of listed(topics)) this.#orThrow(errorCode);
  }

  close(): void {
    this.#closed = true;
    const error = new BrokerError("UNAVAILABLE", "the connection was closed", { retryable: true });
    this.#end(error);
    for (const connection of this.#all) connection.socket.destroy();
    this.native.close().catch(() => {});
  }

  /** Asks one node, and answers what it says, errors included; the library would throw them. */
  async #ask<A extends unknown[], T>(node: number, api: library.API<A, T>, ...args: A): Promise<T> {
    // A fetch is answered late, and holds up what is asked after it.
    const connection = await this.#connection(node, api.key === 1 ? "fetching" : "asking");
    (api.key === 1 ? this.fetched : this.asked).add(node);
    try {
      return await api.async(connection, ...args);
    } catch (error) {
      // The cast is true: the library's error of a refused request carries its whole answer.
      if (error instanceof this.#library.ResponseError) return error.response as T;
      if (error instanceof this.#library.TimeoutError) this.#end(error);
      throw error;
    }
  }

  #connection(node: number, purpose: string): Promise<Connection> {
    const address = this.#addresses.get(node);
    if (address === undefined) {
      return Promise.reject(new BrokerError("UNAVAILABLE", `no Kafka node ${node} is known`, { retryable: true }));
    }
    const name = `${address.host}:${address.port} ${purpose}`;
    const known = this.#connections.get(name) ?? this.#connect(address);
    this.#connections.set(name, known);
    known.catch(() => this.#connections.delete(name));
    return known;
  }

  async #connect({ host, port }: core.Host): Promise<Connection> {
    if (this.#closed) throw new BrokerError("CLOSED", "the connection was closed");
    // Node warns of a TLS server name that is an address.
    const nameless = isIP(host) === 0 ? {} : { tlsServerName: false };
    const connection = new this.#library.Connection(this.#settings.clientId, {
      ...optionsOf(this.#settings),
      ...nameless,
    });
    connection.on("error", () => {});
    try {
      await connection.connect(host, port ?? 9_092);
    } catch (error) {
      throw this.#causeOf(error);
    }
    this.#all.add(connection);
    if (this.#closed) connection.socket.destroy();
    const over = (): void => this.#end(new BrokerError("UNAVAILABLE", "the connection was lost", { retryable: true }));
    connection.on("close", over);
    connection.socket.once("close", over);
    return connection;
  }

  /** The library calls a refused login a connection that failed, and one that was cut off a refused one. */
  #causeOf(error: unknown): unknown {
    const cause = error instanceof Error ? error.cause : undefined;
    return cause === undefined || cause instanceof this.#library.ResponseError ? error : this.#causeOf(cause);
  }

  #errorOf(code: number, message?: string | null): unknown {
    return code === 0 ? undefined : new this.#library.ProtocolError(code, message);
  }

  #orThrow(code: number): void {
    const error = this.#errorOf(code);
    if (error !== undefined) throw error;
  }
}

/** The places by their topics, in the library's words. */
function named<P extends client.Place, T>(
  places: readonly P[],
  change: (place: P) => T,
): { name: string; partitions: T[] }[] {
  return byTopic(places, change).map(({ topic, partitions }) => ({ name: topic, partitions }));
}

/** What is answered of partitions, in ours. */
function listed<T extends { readonly partitionIndex: number }>(
  topics: readonly { readonly name: string; readonly partitions: readonly T[] }[],
): readonly (T & client.Place)[] {
  return topics.flatMap(({ name, partitions }) =>
    partitions.map((one) => ({ ...one, topic: name, partition: one.partitionIndex })),
  );
}

function toMessage(
  topic: string,
  partition: number,
  { key, value, headers, timestamp }: client.NewRecord,
): library.MessageRecord {
  const bytes = (one: string | Buffer | null): Buffer => (typeof one === "string" ? Buffer.from(one) : (one ?? EMPTY));
  const pairs = Object.entries(headers).flatMap(([name, header]) =>
    (header === null || typeof header === "string" || Buffer.isBuffer(header) ? [header] : header).map(
      (one) => [Buffer.from(name), bytes(one)] as const,
    ),
  );
  return {
    ...{ topic, partition, headers: new Map(pairs), timestamp: BigInt(timestamp) },
    ...(key === null ? {} : { key: bytes(key) }),
    // The cast is true enough: without a value the library writes none, which is what removes a key.
    value: value as Buffer,
  };
}

const EMPTY = Buffer.alloc(0);
