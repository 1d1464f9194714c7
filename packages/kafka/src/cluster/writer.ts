import type * as core from "@anybroker/core/driver";
import { Turns } from "@anybroker/core/driver";
import { ofTopic } from "../errors.ts";
import { CODES, kafkaCodeOf } from "../protocol/error-codes.ts";
import { partitionOf } from "../protocol/partitioner.ts";
import type { NewRecord } from "../protocol/records.ts";
import type { PartitionBatch, ProducerId } from "../protocol/requests.ts";
import { partitionName } from "../protocol/topic-partition.ts";
import type { Cluster } from "./cluster.ts";
import type { Session } from "./session.ts";

/** The most bytes of one partition in one request. It fits the server's default size of a batch. */
const BATCH_BYTES = 1_000_000;

/** The most that Kafka adds to a record besides its key, value and headers, and to each header, in bytes. */
const RECORD_OVERHEAD = 64;
const HEADER_OVERHEAD = 10;

/** Sequence numbers start again at 0 from here. */
const SEQUENCE_END = 2 ** 31;

/**
 * Errors after which the server may have stored the records: an unknown error, a timeout, too few replicas after
 * storing.
 */
const MAYBE_STORED: readonly number[] = [-1, CODES.requestTimedOut, CODES.notEnoughReplicasAfterAppend];

/** The errors of a node that does not lead the partition. */
const NOT_LEADER: readonly number[] = [CODES.unknownTopic, CODES.notLeader, CODES.leaderNotAvailable];

/** A record, and its destination. */
export interface RecordToWrite {
  readonly topic: string;
  readonly record: NewRecord;
  /** Chooses the partition of a record that has no key. Without it such records go to the partitions in turn. */
  readonly partitionKey?: string | undefined;
}

/** Records of one partition that go into one request. */
interface Batch {
  readonly topic: string;
  readonly partition: number;
  readonly records: NewRecord[];
  /** For each record, its index in the caller's list. */
  readonly indexes: number[];
  bytes: number;
}

interface BatchOnNode extends Batch {
  readonly node: number;
}

interface BatchResult {
  readonly error: unknown;
  readonly outcomeUnknown: boolean;
}

/** Writes records, each stored once. A node has at most one request at a time. */
export class Writer {
  readonly #session: Session;
  readonly #cluster: Cluster;
  #producer: Promise<ProducerId> | undefined;
  /** The next sequence number of each partition. */
  #sequences = new Map<string, number>();
  /** One request after the other to each node, so that sequences arrive in order. */
  readonly #turns = new Turns<number>();
  /** The most bytes of a batch that a topic takes, for topics that have refused a larger one. */
  readonly #batchLimits = new Map<string, number>();
  /** Counts the records that go to the partitions in turn. */
  #turn = 0;

  constructor(session: Session, cluster: Cluster) {
    this.#session = session;
    this.#cluster = cluster;
  }

  /** Reports each record once. */
  async write(records: readonly RecordToWrite[], report: core.ReportOutcome, signal: AbortSignal): Promise<void> {
    const batches = await this.#batch(records, report, signal);
    const byNode = Map.groupBy(batches, ({ node }) => node);
    const writing = [...byNode].map(([node, some]) => this.#writeToNode(node, some, report, signal));
    await Promise.all(writing);
  }

  /** Distributes records to partitions, by key or in turn. Reports those whose topic has no partitions. */
  async #batch(
    records: readonly RecordToWrite[],
    report: core.ReportOutcome,
    signal: AbortSignal,
  ): Promise<readonly BatchOnNode[]> {
    const batches: BatchOnNode[] = [];
    /** The batch of each partition that takes further records. */
    const open = new Map<string, Batch>();
    const failedTopics = new Map<string, core.SendFailure>();
    for (const [index, { topic, record, partitionKey }] of records.entries()) {
      let leaders = this.#cluster.knownLeaders(topic);
      if (leaders === undefined && !failedTopics.has(topic)) {
        leaders = await this.#cluster.leaders(topic, signal).catch((error: unknown) => {
          failedTopics.set(topic, { error, outcomeUnknown: false });
          return undefined;
        });
      }
      if (leaders === undefined) {
        report(index, failedTopics.get(topic));
        continue;
      }
      const key = record.key ?? partitionKey;
      const partition = key === undefined ? this.#turn++ % leaders.length : partitionOf(key, leaders.length);
      const bytes = sizeOf(record);
      const name = partitionName({ topic, partition });
      let batch = open.get(name);
      if (batch === undefined || batch.bytes + bytes > (this.#batchLimits.get(topic) ?? BATCH_BYTES)) {
        const added = { topic, partition, records: [], indexes: [], bytes: 0, node: leaders[partition] ?? -1 };
        batches.push(added);
        open.set(name, added);
        batch = added;
      }
      batch.records.push(record);
      batch.indexes.push(index);
      batch.bytes += bytes;
    }
    return batches;
  }

  /** Sends one request after the other, with at most one batch of each partition. */
  async #writeToNode(
    node: number,
    batches: readonly Batch[],
    report: core.ReportOutcome,
    signal: AbortSignal,
  ): Promise<void> {
    const waiting = Map.groupBy(batches, partitionName);
    while (waiting.size > 0) {
      const sending = [...waiting.values()].flatMap((queue) => queue.shift() ?? []);
      const results = await this.#turns.run(node, signal, () => this.#produce(node, sending));
      for (const [index, batch] of sending.entries()) {
        const name = partitionName(batch);
        const queue = waiting.get(name) ?? [];
        const result = results[index] ?? { error: new Error("the server returned no result"), outcomeUnknown: true };
        this.#handleResult(batch, result, queue, report);
        if (queue.length === 0) waiting.delete(name);
      }
    }
  }

  /** Reports a batch, or splits it in two that go next, before the batches that wait in `queue`. */
  #handleResult(
    batch: Batch,
    { error, outcomeUnknown }: BatchResult,
    queue: Batch[],
    report: core.ReportOutcome,
  ): void {
    if (error === undefined) return reportAll(batch, report, undefined);
    if (kafkaCodeOf(error) !== CODES.tooLarge) {
      reportAll(batch, report, { error, outcomeUnknown });
      // Later records of the partition must not overtake a refused one.
      for (const later of queue.splice(0)) reportAll(later, report, { error, outcomeUnknown: false });
      return;
    }
    // The server means the batch. Only the refusal of a single record is final.
    if (batch.records.length === 1) return reportAll(batch, report, { error, outcomeUnknown: false });
    const limit = batch.bytes >> 1;
    this.#batchLimits.set(batch.topic, limit);
    const half = batch.records.length >> 1;
    const secondHalf = {
      ...batch,
      records: batch.records.splice(half),
      indexes: batch.indexes.splice(half),
      bytes: limit,
    };
    batch.bytes = limit;
    queue.unshift(batch, secondHalf);
  }

  async #produce(node: number, batches: readonly Batch[]): Promise<readonly BatchResult[]> {
    let wasSent = false;
    try {
      this.#producer ??= this.#session.newProducerId();
      const producer = await this.#producer;
      const numbered = batches.map((batch) => this.#withSequence(batch));
      wasSent = true;
      const errors = await this.#session.produce(node, numbered, producer);
      return errors.map((error, index) => this.#resultOf(error, batches[index]?.topic ?? ""));
    } catch (error) {
      this.#resetProducer();
      for (const { topic } of batches) this.#cluster.forget(topic);
      return batches.map(() => ({ error, outcomeUnknown: wasSent }));
    }
  }

  #withSequence({ topic, partition, records }: Batch): PartitionBatch {
    const name = partitionName({ topic, partition });
    const sequence = this.#sequences.get(name) ?? 0;
    this.#sequences.set(name, (sequence + records.length) % SEQUENCE_END);
    return { topic, partition, records, sequence };
  }

  #resultOf(error: unknown, topic: string): BatchResult {
    if (error === undefined) return { error, outcomeUnknown: false };
    this.#resetProducer();
    const code = kafkaCodeOf(error) ?? -1;
    if (NOT_LEADER.includes(code)) this.#cluster.forget(topic);
    return { error: ofTopic(topic, error), outcomeUnknown: MAYBE_STORED.includes(code) };
  }

  /** A failed batch leaves a gap in the sequence, and the next batch must not be taken for it. */
  #resetProducer(): void {
    this.#producer = undefined;
    this.#sequences = new Map();
  }
}

function reportAll(batch: Batch, report: core.ReportOutcome, failure: core.SendFailure | undefined): void {
  for (const index of batch.indexes) report(index, failure);
}

/** At least the bytes that a record takes in a request. */
function sizeOf({ key, value, headers }: NewRecord): number {
  let bytes = RECORD_OVERHEAD + Buffer.byteLength(key ?? "") + (value?.length ?? 0);
  for (const name of Object.keys(headers)) {
    const header = headers[name] ?? "";
    const values = typeof header === "string" || Buffer.isBuffer(header) ? [header] : header;
    for (const one of values) bytes += HEADER_OVERHEAD + name.length + Buffer.byteLength(one ?? "");
  }
  return bytes;
}
