import type * as core from "@anybroker/core/driver";
import { orAborted, stepBelow } from "@anybroker/core/driver";
import type { Chunk, NewRecord, Outcome, Producer } from "./client.ts";
import { CODES, codeOf, nameOf } from "./client.ts";
import type { Life } from "./cluster.ts";
import { partitionOf } from "./partition.ts";
import { delayOf, stepOf } from "./topology.ts";
import { toRecord } from "./wire.ts";

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

/** `Link.send`. */
export async function send(life: Life, ...[to, batch, report, signal]: Parameters<core.Link["send"]>): Promise<void> {
  const now = life.context.clock.now();
  const name = to.kind === "queue" ? life.naming.queue(to.name) : life.naming.topic(to.name);
  const records = batch.map((message): Addressed => {
    const early = message.deliverAt === undefined ? 0 : message.deliverAt - now;
    // An ordered subscription handles what has no key as if of one key: that of the empty one.
    const lane = to.kind === "topic" ? { lane: "" } : {};
    if (early <= 0) return { topic: name, record: toRecord(message, undefined), ...lane };
    const step = stepBelow(early);
    const topic = to.kind === "queue" ? stepOf(name, step) : delayOf(name, step);
    return { topic, record: toRecord(message, message.deliverAt) };
  });
  await life.writer.write(records, report, signal);
}

/** Writes records, at most one request for each node at once, each of them stored once. */
export class Writer {
  readonly #life: Pick<Life, "session" | "cluster">;
  #producer: Promise<Producer> | undefined;
  /** The next place in the producer's sequence, for each partition. */
  #sequences = new Map<string, number>();
  /** The end of the last request to each node: the next one waits, so that they arrive in the order of the sequence. */
  readonly #busy = new Map<number, Promise<unknown>>();
  #turn = 0;

  constructor(life: Pick<Life, "session" | "cluster">) {
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
      if (load === undefined || load.bytes + bytes > CHUNK_BYTES) {
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
    for (let rest = loads; rest.length > 0; ) {
      const seen = new Set<string>();
      const now: Load[] = [];
      const later: Load[] = [];
      for (const load of rest) {
        const place = nameOf(load);
        (seen.has(place) ? later : now).push(load);
        seen.add(place);
      }
      const failed = await this.#request(node, now, report);
      // What follows a refused record of its partition must not pass it.
      for (const load of later) {
        const failure = failed.get(nameOf(load));
        if (failure !== undefined) tell(load, report, { error: failure, outcomeUnknown: false });
      }
      rest = later.filter(({ topic, partition }) => !failed.has(nameOf({ topic, partition })));
    }
  }

  async #request(node: number, loads: readonly Load[], report: core.Report): Promise<ReadonlyMap<string, unknown>> {
    const failed = new Map<string, unknown>();
    const before = this.#busy.get(node) ?? Promise.resolve();
    const producing = before.then(() => this.#produce(node, loads));
    this.#busy.set(node, producing);
    const outcomes = await producing;
    for (const [index, load] of loads.entries()) {
      const { error, unknown } = outcomes[index] ?? { error: new Error("no answer"), unknown: true };
      if (error !== undefined) failed.set(nameOf(load), error);
      tell(load, report, error === undefined ? undefined : { error, outcomeUnknown: unknown });
    }
    return failed;
  }

  async #produce(
    node: number,
    loads: readonly Load[],
  ): Promise<readonly { readonly error: unknown; readonly unknown: boolean }[]> {
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
      const outcomes = await this.#life.session.produce(node, chunks, producer);
      return outcomes.map((outcome, index) => this.#judge(outcome, loads[index]?.topic ?? ""));
    } catch (error) {
      this.#startAnew();
      return loads.map(() => ({ error, unknown: asked }));
    }
  }

  #judge({ error }: Outcome, topic: string): { readonly error: unknown; readonly unknown: boolean } {
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
