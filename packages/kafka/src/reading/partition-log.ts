import type * as core from "@anybroker/core/driver";
import type { KafkaRecord } from "../protocol/records.ts";
import type { CommittedOffset, FetchedPartition } from "../protocol/requests.ts";
import type { TopicPartition } from "../protocol/topic-partition.ts";
import { KafkaDelivery, notBeforeOf } from "../wire.ts";
import { CrashEvidence } from "./crash-evidence.ts";
import type { OffsetRange } from "./partition-note.ts";

const NO_RANGES: readonly OffsetRange[] = [];

/** The most bytes of one partition that wait to be delivered before no more are fetched. */
const MAX_WAITING_BYTES = 1_048_576;

/** The most records between the first unsettled one and the last one read. */
const MAX_UNSETTLED = 10_000;

/** The memory that a waiting record takes besides its key and value, in bytes. */
const RECORD_OVERHEAD = 100;

/** How many settled records may stay at the front before they are removed: removing moves all that follow. */
const MAX_SETTLED_KEPT = 256;

/** The committed offset of a partition that a consumer takes over. */
export interface StartOfReading extends CommittedOffset {
  /** The end of the partition at that time; undefined if no consumer has left a note. */
  readonly end?: number | undefined;
}

/** A record that was read, kept until all records before it are settled too. */
export class HeldDelivery extends KafkaDelivery {
  readonly log: PartitionLog;
  /** Whether the core holds it. */
  held = false;
  settled = false;

  constructor(log: PartitionLog, record: KafkaRecord, deliveries: number) {
    super(record, deliveries);
    this.log = log;
  }

  get progress(): core.RetryProgress | undefined {
    return this.log.evidence.progressOf(this.native.offset);
  }
}

/** One partition of a source: read in order, settled in any order, committed up to the first unsettled record. */
export class PartitionLog implements TopicPartition {
  readonly topic: string;
  readonly partition: number;
  /** How long everything in the topic waits before it is delivered, in ms. */
  readonly delay: number;
  readonly evidence: CrashEvidence;
  /** The offset to read on from. */
  position: number;
  /** The last commit that the server has. */
  committed: CommittedOffset;
  /** Whether the partition has gone to another consumer, or the source has ended. */
  revoked = false;
  /** Whether it goes to another consumer as soon as nothing of it is held. Nothing more of it is delivered. */
  isLeaving = false;
  /** Records in order of their offsets. */
  #entries: HeldDelivery[] = [];
  /** The index of the first unsettled entry, and of the next one to deliver for the first time. */
  #firstUnsettled = 0;
  #next = 0;
  /** Entries that were released, in order of their offsets. They are delivered before all others. */
  #released: HeldDelivery[] = [];
  /** The size of the records that wait to be delivered. */
  #waitingBytes = 0;
  /** The deliveries to note as exposed. */
  #exposed: ReadonlySet<core.Delivery> = new Set();

  /** `owner` names this program in the notes that are committed. */
  constructor({ end, ...committed }: StartOfReading, delay: number, owner: string) {
    const { topic, partition, offset, metadata } = committed;
    this.topic = topic;
    this.partition = partition;
    this.delay = delay;
    this.evidence = new CrashEvidence(owner, offset, metadata, end);
    this.position = offset;
    this.committed = { topic, partition, offset, metadata };
  }

  /** The offset before which everything is settled. */
  get firstUnsettled(): number {
    return this.#entries[this.#firstUnsettled]?.native.offset ?? this.position;
  }

  /** Whether more may be read. */
  get hasRoom(): boolean {
    return (
      !this.isLeaving &&
      this.#waitingBytes < MAX_WAITING_BYTES &&
      this.#entries.length - this.#firstUnsettled < MAX_UNSETTLED
    );
  }

  append({ records, next }: Omit<FetchedPartition, "start">): void {
    const { evidence } = this;
    for (const record of records) {
      const delivery = new HeldDelivery(this, record, evidence.crashesOf(record.offset));
      delivery.settled = evidence.isSettled(record.offset);
      this.#entries.push(delivery);
      if (!delivery.settled) this.#waitingBytes += sizeOf(record);
    }
    this.position = next;
    this.#skipSettled();
  }

  /** Drops what waits to be delivered before an offset: the server has deleted it. What the core holds stays. */
  dropBefore(offset: number): void {
    if (offset <= this.firstUnsettled) return;
    for (const entry of this.#entries) {
      if (entry.native.offset >= offset) break;
      if (entry.held || entry.settled) continue;
      entry.settled = true;
      this.evidence.forgetProgress(entry.native.offset);
      this.#waitingBytes -= sizeOf(entry.native);
    }
    this.#released = this.#released.filter((entry) => !entry.settled);
    this.#skipSettled();
  }

  /** When the next record may be delivered, in ms since 1970; undefined when there is none. */
  get nextDue(): number | undefined {
    if (this.isLeaving) return undefined;
    if (this.#released.length > 0) return 0;
    const record = this.#entries[this.#next]?.native;
    if (record === undefined) return undefined;
    if (this.delay === 0) return 0;
    const end = record.timestamp + this.delay;
    return Math.min(end, notBeforeOf(record) ?? end);
  }

  /** Delivers the next record. */
  take(): HeldDelivery | undefined {
    const released = this.#released.length === 0 ? undefined : this.#released.shift();
    const delivery = released ?? this.#entries[this.#next];
    if (delivery === undefined) return undefined;
    if (released === undefined) {
      this.#next += 1;
      this.#skipSettled();
    }
    this.#waitingBytes -= sizeOf(delivery.native);
    delivery.held = true;
    return delivery;
  }

  settle(delivery: HeldDelivery): void {
    delivery.held = false;
    delivery.settled = true;
    this.evidence.forgetProgress(delivery.native.offset);
    this.#skipSettled();
    if (this.#firstUnsettled < MAX_SETTLED_KEPT || this.#firstUnsettled * 2 < this.#entries.length) return;
    this.#entries = this.#entries.slice(this.#firstUnsettled);
    this.#next -= this.#firstUnsettled;
    this.#firstUnsettled = 0;
  }

  /** The record is delivered again before those that follow it, as another delivery. */
  release(delivery: HeldDelivery): void {
    delivery.held = false;
    const { native, deliveries } = delivery;
    const again = new HeldDelivery(this, native, deliveries);
    this.#entries[this.#entries.indexOf(delivery, this.#firstUnsettled)] = again;
    this.#waitingBytes += sizeOf(native);
    const following = this.#released.findIndex((other) => other.native.offset > native.offset);
    this.#released.splice(following < 0 ? this.#released.length : following, 0, again);
  }

  /** The deliveries that the core holds. */
  get held(): readonly HeldDelivery[] {
    return this.#entries.filter((delivery) => delivery.held);
  }

  /** From the next commit on it is noted which of the deliveries that the core holds are exposed to a crash. */
  noteExposed(exposed: ReadonlySet<core.Delivery>): void {
    this.#exposed = exposed;
    this.evidence.noteExposed();
  }

  /** Takes all deliveries away from the core. Returns those that it held. */
  revoke(): readonly HeldDelivery[] {
    this.revoked = true;
    const { held } = this;
    for (const delivery of held) delivery.held = false;
    return held;
  }

  /** The offset to commit and its note; undefined when the server has them already. */
  get uncommitted(): CommittedOffset | undefined {
    const exposed = this.evidence.knowsExposed ? this.#exposedRanges : undefined;
    return this.#unlessCommitted(this.evidence.metadataAt(this.firstUnsettled, this.#settledBeyond, exposed));
  }

  /**
   * The same for a consumer that gives the partition up cleanly, or may have to. While a suspect has its handler, what
   * is exposed stays noted, so that its crash leaves evidence.
   */
  get uncommittedOnLeaving(): CommittedOffset | undefined {
    if (this.evidence.knowsExposed && this.held.length > 0) return this.uncommitted;
    return this.#unlessCommitted(this.evidence.metadataOnLeaving(this.firstUnsettled, this.#settledBeyond));
  }

  /**
   * Settled records behind the first unsettled one. After a crash they are noted, so that another crash does not bring them
   * back: else a message that kills its consumers would take its neighbours with it each time.
   */
  get #settledBeyond(): readonly OffsetRange[] {
    if (!this.evidence.hasCrashes(this.firstUnsettled)) return NO_RANGES;
    return this.#rangesOf((delivery) => delivery.settled);
  }

  get #exposedRanges(): readonly OffsetRange[] {
    return this.#rangesOf((delivery) => delivery.held && this.#exposed.has(delivery));
  }

  #rangesOf(matches: (delivery: HeldDelivery) => boolean): readonly OffsetRange[] {
    const ranges: { first: number; last: number }[] = [];
    let isOpen = false;
    for (let index = this.#firstUnsettled; index < this.#entries.length; index += 1) {
      const entry = this.#entries[index];
      const range = ranges.at(-1);
      if (entry === undefined || !matches(entry)) isOpen = false;
      else if (isOpen && range !== undefined) range.last = entry.native.offset;
      else {
        isOpen = true;
        ranges.push({ first: entry.native.offset, last: entry.native.offset });
      }
    }
    return ranges;
  }

  #skipSettled(): void {
    while (this.#entries[this.#firstUnsettled]?.settled === true) this.#firstUnsettled += 1;
    while (this.#entries[this.#next]?.settled === true) this.#next += 1;
  }

  #unlessCommitted(metadata: string): CommittedOffset | undefined {
    const { topic, partition, firstUnsettled: offset, committed } = this;
    if (committed.offset === offset && committed.metadata === metadata) return undefined;
    return { topic, partition, offset, metadata };
  }
}

function sizeOf({ key, value }: KafkaRecord): number {
  return RECORD_OVERHEAD + (key?.length ?? 0) + (value?.length ?? 0);
}
