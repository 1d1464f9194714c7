import type * as core from "@anybroker/core/driver";
import { bytesAsText, deadLettersName, OWN, orAborted } from "@anybroker/core/driver";
import { BEGINNING, END } from "./cluster/cluster.ts";
import type { LinkState } from "./cluster/link-state.ts";
import type { RecordToWrite } from "./cluster/writer.ts";
import { requireEntity } from "./declare.ts";
import { CODES, kafkaCodeOf } from "./protocol/error-codes.ts";
import type { KafkaRecord } from "./protocol/records.ts";
import { retryCopy } from "./settle.ts";
import { copyOf, KafkaDelivery } from "./wire.ts";

/** How many dead letters are replayed or removed at once. */
const MOVE_BATCH = 500;

/**
 * The dead letters of one queue or subscription. They are a compacted topic: the last record of a key counts, and one
 * without a value deletes the key. They are read without a group, so that looking at them changes nothing.
 */
export class DeadLetters implements core.DeadLetterStore {
  readonly #state: LinkState;
  readonly #entity: core.SourceEntity;
  readonly #source: string;
  readonly #topic: string;

  constructor(state: LinkState, entity: core.SourceEntity) {
    this.#state = state;
    this.#entity = entity;
    this.#source = state.naming.source(entity);
    this.#topic = deadLettersName(this.#source);
  }

  async count(signal: AbortSignal): Promise<number> {
    return (await this.#currentOffsets(signal)).size;
  }

  async list(limit: number, after: string | undefined, signal: AbortSignal): Promise<readonly core.DeadLetterEntry[]> {
    const page: DeadLetterDelivery[] = [];
    const current = await this.#currentOffsets(signal);
    const from = after === undefined ? 0 : Number(after) + 1;
    await this.#readFrom(from, signal, (record) => {
      if (current.has(record.offset)) page.push(new DeadLetterDelivery(record));
      return page.length < limit;
    });
    return page;
  }

  async replay(selection: core.Selection, headers: core.HeaderChanges, signal: AbortSignal): Promise<number> {
    return this.#forEachSelected(selection, signal, async (records) => {
      const copies = records.map((record) => this.#replayCopy(record, headers));
      await this.#write(copies, signal);
      await this.#delete(records, signal);
    });
  }

  async remove(selection: core.Selection, signal: AbortSignal): Promise<number> {
    return this.#forEachSelected(selection, signal, (records) => this.#delete(records, signal));
  }

  #replayCopy(record: KafkaRecord, headers: core.HeaderChanges): RecordToWrite {
    const now = this.#state.context.clock.now();
    const original = { ...record, key: originalKeyOf(record) };
    const changes = { ...headers, [OWN.key]: undefined };
    if (this.#entity.kind === "subscription") {
      // Other subscriptions must not get it, so it goes through a retry topic, but without waiting there.
      const dueNow = { ...changes, [OWN.notBefore]: String(Math.ceil(now)) };
      return retryCopy(this.#source, original, dueNow, 0, now);
    }
    return { topic: this.#source, record: copyOf(original, changes, now) };
  }

  /** Passes the selected dead letters to `move`, some at a time. Returns how many there were. */
  async #forEachSelected(
    selection: core.Selection,
    signal: AbortSignal,
    move: (records: readonly KafkaRecord[]) => Promise<void>,
  ): Promise<number> {
    const current = await this.#currentOffsets(signal);
    const ids = "ids" in selection ? new Set(selection.ids) : undefined;
    let selected: KafkaRecord[] = [];
    let count = 0;
    const moveSelected = async (): Promise<void> => {
      await move(selected);
      count += selected.length;
      selected = [];
    };
    await this.#readFrom(0, signal, async (record) => {
      if (current.has(record.offset) && ids?.has(String(record.offset)) !== false) selected.push(record);
      if (selected.length >= MOVE_BATCH) await moveSelected();
      return true;
    });
    if (selected.length > 0) await moveSelected();
    return count;
  }

  async #delete(records: readonly KafkaRecord[], signal: AbortSignal): Promise<void> {
    const timestamp = Math.floor(this.#state.context.clock.now());
    const deletions = records.map(({ key }) => ({
      topic: this.#topic,
      record: { key, value: null, headers: {}, timestamp },
    }));
    await this.#write(deletions, signal);
  }

  async #write(records: readonly RecordToWrite[], signal: AbortSignal): Promise<void> {
    const errors: unknown[] = [];
    const report: core.ReportOutcome = (_index, failure) => {
      if (failure !== undefined) errors.push(failure.error);
    };
    await this.#state.writer.write(records, report, signal);
    if (errors.length > 0) throw errors[0];
  }

  /** The offsets of the dead letters that have not been deleted: of each key the last one. */
  async #currentOffsets(signal: AbortSignal): Promise<ReadonlySet<number>> {
    const byKey = new Map<string, number>();
    await this.#readFrom(0, signal, ({ key, value, offset }) => {
      const id = key?.toString("latin1") ?? String(offset);
      if (value === null) byKey.delete(id);
      else byKey.set(id, offset);
      return true;
    });
    return new Set(byKey.values());
  }

  /** Passes all records from an offset to the present end to `visit`, in order, until `visit` returns false. */
  async #readFrom(
    from: number,
    signal: AbortSignal,
    visit: (record: KafkaRecord) => boolean | Promise<boolean>,
  ): Promise<void> {
    const { cluster, session } = this.#state;
    const partition = { topic: this.#topic, partition: 0 };
    const existing = await cluster.refresh([this.#topic], signal);
    if (existing.length === 0) return requireEntity(this.#state, this.#entity, signal);
    const [first = 0] = await cluster.offsetsAt([partition], BEGINNING, signal);
    const [end = 0] = await cluster.offsetsAt([partition], END, signal);
    for (let offset = Math.max(first, from); offset < end; ) {
      const [node = -1] = await cluster.leaders(this.#topic, signal);
      const [fetched] = await orAborted(session.fetch(node, [{ ...partition, offset }], 0), signal);
      if (fetched === undefined || kafkaCodeOf(fetched.error) === CODES.unknownTopic) return;
      if (fetched.error !== undefined) throw fetched.error;
      for (const record of fetched.records) {
        if (record.offset >= end || !(await visit(record))) return;
      }
      // Compaction may have removed all records up to the end.
      if (fetched.next === offset) return;
      offset = fetched.next;
    }
  }
}

class DeadLetterDelivery extends KafkaDelivery implements core.DeadLetterEntry {
  /** The offset. Compaction does not change it. */
  readonly deadLetterId: string;

  constructor(record: KafkaRecord) {
    super(record, 0);
    this.deadLetterId = String(record.offset);
  }

  override get key(): string | undefined {
    const key = originalKeyOf(this.native);
    return key === null ? undefined : bytesAsText(key);
  }
}

/** The key that the message of a dead letter had. */
function originalKeyOf({ headers }: KafkaRecord): Buffer | null {
  const key = headers[OWN.key];
  return typeof key === "string" || Buffer.isBuffer(key) ? Buffer.from(key) : null;
}
