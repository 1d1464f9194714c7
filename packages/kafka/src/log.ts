import type { Committed, Fetched, KafkaRecord, Place } from "./client.ts";
import { KafkaDelivery, notBeforeOf } from "./wire.ts";

/** Most bytes of one partition that wait here for a hand-out before no more are asked for. */
const MOST_BYTES = 1_048_576;

/** Most records between the first that is not settled and the last one read. */
const MOST_GAP = 10_000;

/** A record that has been read, until everything before it is settled too. */
interface Slot {
  readonly record: KafkaRecord;
  readonly deliveries: number;
  /** Whoever has it now; undefined: it waits. */
  delivery: HeldDelivery | undefined;
  done: boolean;
}

/** A delivery that knows where it came from, so that settling costs no look-up. */
export class HeldDelivery extends KafkaDelivery {
  readonly log: PartitionLog;
  readonly slot: Slot;

  constructor(log: PartitionLog, slot: Slot) {
    super(slot.record, slot.deliveries);
    this.log = log;
    this.slot = slot;
  }

  /** Whether it is still in the hands it was given to. */
  get held(): boolean {
    return this.slot.delivery === this;
  }
}

/** What is written with a group's offset: how often somebody began with what is there and did not get past it. */
const EVIDENCE = /^anybroker:starts=(\d+)$/;

/**
 * One partition that is ours: read in order, settled in any order, committed up to the first that is not settled.
 *
 * Kafka counts no hand-overs, so the evidence of crashes is kept with the committed offset: the number of times that
 * somebody began with the message there. It is raised before a hand-out, and taken back when we go in good order.
 */
export class PartitionLog implements Place {
  readonly topic: string;
  readonly partition: number;
  /** Milliseconds that everything in it waits. */
  readonly step: number;
  /** From where to read on. */
  position: number;
  /** What the server has, or is being told. */
  committed: Committed;
  /** The offset with which it is being noted that somebody begins, and the one with which it has been. */
  starting = -1;
  startedAt = -1;
  readonly #first: { readonly offset: number; readonly starts: number };
  #slots: Slot[] = [];
  #head = 0;
  #next = 0;
  #back: Slot[] = [];
  #bytes = 0;
  #handed = 0;

  constructor(place: Place, step: number, offset: number, metadata: string) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.step = step;
    this.position = offset;
    this.committed = { topic: place.topic, partition: place.partition, offset, metadata };
    this.#first = { offset, starts: Number(EVIDENCE.exec(metadata)?.[1] ?? 0) };
  }

  /** How often somebody began with the message that is next to be settled, and did not get past it. */
  get starts(): number {
    return this.low === this.#first.offset ? this.#first.starts : 0;
  }

  /** Whether anything has come of it. */
  get read(): boolean {
    return this.position > this.#first.offset;
  }

  /** Everything before it is settled. */
  get low(): number {
    return this.#slots[this.#head]?.record.offset ?? this.position;
  }

  /** Whether more is to be read. */
  get hungry(): boolean {
    return this.#bytes < MOST_BYTES && this.#slots.length - this.#head < MOST_GAP;
  }

  /** Whether anything is in somebody's hands. */
  get busy(): boolean {
    return this.#handed > 0;
  }

  push({ records, next }: Fetched): void {
    for (const record of records) {
      const first = this.#slots.length === this.#head && this.position === this.#first.offset;
      const deliveries = first ? this.#first.starts : 0;
      this.#slots.push({ record, deliveries, delivery: undefined, done: false });
      this.#bytes += sizeOf(record);
      this.position = record.offset + 1;
    }
    this.position = next;
  }

  /** When the next one may be handed out, in milliseconds since 1970; undefined when there is none. */
  get due(): number | undefined {
    if (this.#back.length > 0) return 0;
    const record = this.#slots[this.#next]?.record;
    if (record === undefined || this.step === 0) return record === undefined ? undefined : 0;
    const end = record.timestamp + this.step;
    return Math.min(end, notBeforeOf(record) ?? end);
  }

  /** Hands out the next one. */
  take(): HeldDelivery | undefined {
    const back = this.#back.shift();
    const slot = back ?? this.#slots[this.#next];
    if (slot === undefined) return undefined;
    if (back === undefined) this.#next += 1;
    this.#bytes -= sizeOf(slot.record);
    this.#handed += 1;
    slot.delivery = new HeldDelivery(this, slot);
    return slot.delivery;
  }

  done({ slot }: HeldDelivery): void {
    slot.delivery = undefined;
    slot.done = true;
    this.#handed -= 1;
    while (this.#slots[this.#head]?.done === true) this.#head += 1;
    // Not at each one, since it moves what stays.
    if (this.#head < 256 || this.#head * 2 < this.#slots.length) return;
    this.#slots = this.#slots.slice(this.#head);
    this.#next -= this.#head;
    this.#head = 0;
  }

  /** It is handed out again, before what comes after it. */
  giveBack({ slot }: HeldDelivery): void {
    slot.delivery = undefined;
    this.#handed -= 1;
    this.#bytes += sizeOf(slot.record);
    const at = this.#back.findIndex(({ record }) => record.offset > slot.record.offset);
    this.#back.splice(at < 0 ? this.#back.length : at, 0, slot);
  }

  /** It is not ours any more: answers what was in somebody's hands. */
  end(): readonly HeldDelivery[] {
    const held = this.#slots.flatMap(({ delivery }) => delivery ?? []);
    for (const { slot } of held) slot.delivery = undefined;
    this.#handed = 0;
    return held;
  }

  /** What is to be committed; with `leaving` as by one that has done no harm. Undefined: the server has it already. */
  commit(leaving: boolean): Committed | undefined {
    const { topic, partition, low, starts } = this;
    const begun = this.starting >= 0;
    const noted = begun && !leaving ? starts + 1 : starts;
    const metadata = noted === 0 ? "" : `anybroker:starts=${noted}`;
    const same = this.committed.offset === low && (this.committed.metadata === metadata || !begun);
    return same ? undefined : { topic, partition, offset: low, metadata };
  }
}

function sizeOf({ key, value }: KafkaRecord): number {
  return 100 + (key?.length ?? 0) + (value?.length ?? 0);
}
