import type * as core from "@anybroker/core/driver";
import { orAborted } from "@anybroker/core/driver";
import { CODES, codeOf } from "../protocol/error-codes.ts";
import { partitionOf } from "../protocol/partitioner.ts";
import type { NewRecord } from "../protocol/records.ts";
import type { Chunk, Producer } from "../protocol/requests.ts";
import { nameOf } from "../protocol/topic-partition.ts";
import type { Cluster } from "./metadata.ts";
import type { Session } from "./session.ts";

/** Most bytes of one partition in one request: what the server takes as one batch, by its default. */
const CHUNK_BYTES = 1_000_000;

/** What Kafka adds to a record at most, besides its key, its value and its headers. */
const RECORD_BYTES = 64;
const HEADER_BYTES = 10;

/** A record, and where it goes. */
export interface Addressed {
  readonly topic: string;
  readonly record: NewRecord;
  /** The key that its partition is chosen by, where that is not its own; without any, partitions take turns. */
  readonly lane?: string;
}

/** Records of one partition for one request, and which of the caller's they are. */
interface Load {
  readonly topic: string;
  readonly partition: number;
  readonly records: NewRecord[];
  readonly indexes: number[];
  bytes: number;
}

/** What became of a load. */
interface Written {
  readonly error: unknown;
  readonly unknown: boolean;
}

/** Writes records, at most one request for each node at once, each of them stored once. */
export class Writer {
  readonly #life: { readonly session: Session; readonly cluster: Cluster };
  #producer: Promise<Producer> | undefined;
  /** The next place in the producer's sequence, for each partition. */
  #sequences = new Map<string, number>();
  /** The end of the last request to each node: the next one waits, so that they arrive in the order of the sequence. */
  readonly #busy = new Map<number, Promise<unknown>>();
  /** The bytes of a request that a topic took no more of. */
  readonly #most = new Map<string, number>();
  #turn = 0;

  constructor(life: { readonly session: Session; readonly cluster: Cluster }) {
    this.#life = life;
  }

  /** Reports each record once. */
  async write(records: readonly Addressed[], report: core.Report, signal: AbortSignal): Promise<void> {
    const loads = await this.#loads(records, report, signal);
    const writing = [...Map.groupBy(loads, ({ node }) => node)].map(([node, some]) => this.#toNode(node, some, report));
    await orAborted(Promise.all(writing), signal);
  }

  /** Shares records out among partitions: by key, else in turn. What has no partition is reported. */
  async #loads(
    records: readonly Addressed[],
    report: core.Report,
    signal: AbortSignal,
  ): Promise<readonly (Load & { readonly node: number })[]> {
    const loads: (Load & { readonly node: number })[] = [];
    const open = new Map<string, Load>();
    const refused = new Map<string, core.SendFailure>();
    for (const [index, { topic, record, lane }] of records.entries()) {
      let leaders = this.#life.cluster.known(topic);
      if (leaders === undefined && !refused.has(topic)) {
        leaders = await this.#life.cluster.leaders(topic, signal).catch((error: unknown) => {
          refused.set(topic, { error, outcomeUnknown: false });
          return undefined;
        });
      }
      if (leaders === undefined) {
        report(index, refused.get(topic));
        continue;
      }
      const key = record.key ?? lane;
      const partition = key === undefined ? this.#turn++ % leaders.length : partitionOf(key, leaders.length);
      const bytes = sizeOf(record);
      const place = nameOf({ topic, partition });
      let load = open.get(place);
      if (load === undefined || load.bytes + bytes > (this.#most.get(topic) ?? CHUNK_BYTES)) {
        const fresh = { topic, partition, records: [], indexes: [], bytes: 0, node: leaders[partition] ?? -1 };
        loads.push(fresh);
        open.set(place, fresh);
        load = fresh;
      }
      load.records.push(record);
      load.indexes.push(index);
      load.bytes += bytes;
    }
    return loads;
  }

  /** One request after the other, a partition at most once in each. */
  async #toNode(node: number, loads: readonly Load[], report: core.Report): Promise<void> {
    const queues = Map.groupBy(loads, nameOf);
    while (queues.size > 0) {
      const now = [...queues.values()].flatMap((queue) => queue.shift() ?? []);
      const before = this.#busy.get(node) ?? Promise.resolve();
      const producing = before.then(() => this.#produce(node, now));
      this.#busy.set(node, producing);
      const outcomes = await producing;
      for (const [index, load] of now.entries()) {
        const queue = queues.get(nameOf(load)) ?? [];
        this.#settle(load, outcomes[index] ?? { error: new Error("no answer"), unknown: true }, queue, report);
        if (queue.length === 0) queues.delete(nameOf(load));
      }
    }
  }

  /** Reports one load, or puts it back before what follows it in its partition, in two parts. */
  #settle(load: Load, { error, unknown }: Written, queue: Load[], report: core.Report): void {
    if (error === undefined) return tell(load, report, undefined);
    if (codeOf(error) !== CODES.tooLarge) {
      tell(load, report, { error, outcomeUnknown: unknown });
      // What follows a refused record of its partition must not pass it.
      for (const later of queue.splice(0)) tell(later, report, { error, outcomeUnknown: false });
      return;
    }
    // A batch, as the server counts; only one of a single record is refused for what it is.
    if (load.records.length === 1) return tell(load, report, { error, outcomeUnknown: false });
    this.#most.set(load.topic, load.bytes >> 1);
    const half = load.records.length >> 1;
    const other = { ...load, records: load.records.splice(half), indexes: load.indexes.splice(half) };
    load.bytes = other.bytes = load.bytes >> 1;
    queue.unshift(load, other);
  }

  async #produce(node: number, loads: readonly Load[]): Promise<readonly Written[]> {
    let asked = false;
    try {
      this.#producer ??= this.#life.session.newProducer();
      const producer = await this.#producer;
      const chunks = loads.map(({ topic, partition, records }): Chunk => {
        const sequence = this.#sequences.get(nameOf({ topic, partition })) ?? 0;
        this.#sequences.set(nameOf({ topic, partition }), (sequence + records.length) % 2 ** 31);
        return { topic, partition, records, sequence };
      });
      asked = true;
      const errors = await this.#life.session.produce(node, chunks, producer);
      return errors.map((error, index) => this.#judge(error, loads[index]?.topic ?? ""));
    } catch (error) {
      this.#startAnew();
      for (const { topic } of loads) this.#life.cluster.forget(topic);
      return loads.map(() => ({ error, unknown: asked }));
    }
  }

  #judge(error: unknown, topic: string): Written {
    if (error === undefined) return { error, unknown: false };
    this.#startAnew();
    const code = codeOf(error) ?? -1;
    if (code === CODES.unknownTopic || code === CODES.notLeader || code === CODES.leaderNotAvailable) {
      this.#life.cluster.forget(topic);
    }
    return { error, unknown: MAYBE.includes(code) };
  }

  /** What was refused or is unknown has left a gap in the sequence, and what comes next is another batch. */
  #startAnew(): void {
    this.#producer = undefined;
    this.#sequences = new Map();
  }
}

/** Errors after which the server may have it: -1, a timeout, too few replicas after it was written. */
const MAYBE: readonly number[] = [-1, 7, 20];

function tell(load: Load, report: core.Report, failure: core.SendFailure | undefined): void {
  for (const index of load.indexes) report(index, failure);
}

function sizeOf({ key, value, headers }: NewRecord): number {
  let bytes = RECORD_BYTES + Buffer.byteLength(key ?? "") + (value?.length ?? 0);
  for (const name of Object.keys(headers)) {
    const header = headers[name] ?? "";
    const values = typeof header === "string" || Buffer.isBuffer(header) ? [header] : header;
    for (const one of values) bytes += HEADER_BYTES + name.length + Buffer.byteLength(one ?? "");
  }
  return bytes;
}
