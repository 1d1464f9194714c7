import type * as core from "@anybroker/core/driver";
import { OWN, orAborted } from "@anybroker/core/driver";
import type { LinkState } from "./cluster/link-state.ts";
import type { Addressed } from "./cluster/writer.ts";
import { CODES, codeOf } from "./protocol/error-codes.ts";
import type { KafkaRecord } from "./protocol/records.ts";
import type { Place } from "./protocol/topic-partition.ts";
import { again } from "./settle.ts";
import { deadLettersOf } from "./topology.ts";
import { copyOf, KafkaDelivery } from "./wire.ts";

/** How many are moved at once. */
const STRIDE = 500;

/**
 * The dead letters of one queue or subscription: a compacted topic, in which the last record of an id counts, and one
 * without a value removes it. They are read without a group, so that looking at them changes nothing.
 */
export class DeadLetters implements core.DeadLetterStore {
  readonly #life: LinkState;
  readonly #entity: core.SourceEntity;
  readonly #source: string;
  readonly #topic: string;

  constructor(life: LinkState, entity: core.SourceEntity) {
    this.#life = life;
    this.#entity = entity;
    this.#source = life.naming.source(entity);
    this.#topic = deadLettersOf(this.#source);
  }

  async count(signal: AbortSignal): Promise<number> {
    return (await this.#index(signal)).size;
  }

  async list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly core.DeadLetterEntry[]> {
    const page: Entry[] = [];
    const alive = new Set((await this.#index(signal)).values());
    await this.#each(after === undefined ? 0 : Number(after) + 1, signal, (record) => {
      if (alive.has(record.offset)) page.push(new Entry(record));
      return page.length < limit;
    });
    return page;
  }

  replay(selection: core.Selection, headers: core.HeaderChanges, signal: AbortSignal): Promise<number> {
    return this.#take(selection, signal, (record) => {
      const original = record.headers[OWN.key];
      const key = typeof original === "string" || Buffer.isBuffer(original) ? Buffer.from(original) : null;
      const changes = { ...headers, [OWN.key]: undefined };
      const alive = { ...record, key };
      if (this.#entity.kind === "subscription") return again(this.#life, this.#source, alive, changes, 0);
      return { topic: this.#source, record: copyOf(alive, changes, this.#life.context.clock.now()) };
    });
  }

  remove(selection: core.Selection, signal: AbortSignal): Promise<number> {
    return this.#take(selection, signal, undefined);
  }

  /** Removes what is selected, each once its copy is stored. */
  async #take(
    selection: core.Selection,
    signal: AbortSignal,
    copy: ((record: KafkaRecord) => Addressed) | undefined,
  ): Promise<number> {
    const alive = new Set((await this.#index(signal)).values());
    const wanted = "ids" in selection ? new Set(selection.ids) : undefined;
    let taken: KafkaRecord[] = [];
    let count = 0;
    const move = async (): Promise<void> => {
      if (copy !== undefined) await this.#write(taken.map(copy), signal);
      const timestamp = Math.floor(this.#life.context.clock.now());
      const removals = taken.map(({ key }) => ({
        topic: this.#topic,
        record: { key, value: null, headers: {}, timestamp },
      }));
      await this.#write(removals, signal);
      count += taken.length;
      taken = [];
    };
    await this.#each(0, signal, async (record) => {
      if (alive.has(record.offset) && wanted?.has(String(record.offset)) !== false) taken.push(record);
      if (taken.length >= STRIDE) await move();
      return true;
    });
    if (taken.length > 0) await move();
    return count;
  }

  async #write(records: readonly Addressed[], signal: AbortSignal): Promise<void> {
    const failures: unknown[] = [];
    await this.#life.writer.write(records, (_, failure) => failure && failures.push(failure.error), signal);
    if (failures.length > 0) throw failures[0];
  }

  /** Which dead letters there are: their keys, and where the last record of each lies. */
  async #index(signal: AbortSignal): Promise<ReadonlyMap<string, number>> {
    const index = new Map<string, number>();
    await this.#each(0, signal, ({ key, value, offset }) => {
      const id = key?.toString("latin1") ?? String(offset);
      if (value === null) index.delete(id);
      else index.set(id, offset);
      return true;
    });
    return index;
  }

  /** Shows all records from an offset to the present end, in their order, until `see` answers false. */
  async #each(
    from: number,
    signal: AbortSignal,
    see: (record: KafkaRecord) => boolean | Promise<boolean>,
  ): Promise<void> {
    const { cluster, session } = this.#life;
    const place: Place = { topic: this.#topic, partition: 0 };
    if ((await cluster.look([this.#topic], signal)).length === 0) return;
    const [first = 0] = await cluster.offsets([place], -2, signal);
    const [end = 0] = await cluster.offsets([place], -1, signal);
    for (let offset = Math.max(first, from); offset < end; ) {
      const node = (await cluster.leaders(this.#topic, signal))[0] ?? -1;
      const [answer] = await orAborted(session.fetch(node, [{ ...place, offset }], 0), signal);
      if (answer === undefined) return;
      if (codeOf(answer.error) === CODES.unknownTopic) return;
      if (answer.error !== undefined) throw answer.error;
      for (const record of answer.records) {
        if (record.offset >= end || !(await see(record))) return;
      }
      // Nothing is left where the server has compacted the end away.
      if (answer.next === offset) return;
      offset = answer.next;
    }
  }
}

class Entry extends KafkaDelivery implements core.DeadLetterEntry {
  readonly deadLetterId: string;

  constructor(record: KafkaRecord) {
    super(record, 0);
    // Compaction moves nothing: an offset stays what it is.
    this.deadLetterId = String(record.offset);
  }
}
