import type { KafkaRecord } from "../protocol/records.ts";
import type { Committed, Fetched } from "../protocol/requests.ts";
import type { Place } from "../protocol/topic-partition.ts";
import { KafkaDelivery, notBeforeOf } from "../wire.ts";

/** Most bytes of one partition that wait here for a hand-out before no more are asked for. */
const MOST_BYTES = 1_048_576;

/** Most records between the first that is not settled and the last one read. */
const MOST_GAP = 10_000;

/** A record that has been read, until everything before it is settled too: it knows where it came from. */
export class HeldDelivery extends KafkaDelivery {
  readonly log: PartitionLog;
  /** Whether it is in the hands it was given to. */
  held = false;
  done = false;

  constructor(log: PartitionLog, record: KafkaRecord, deliveries: number) {
    super(record, deliveries);
    this.log = log;
  }
}

/**
 * What is written with a group's offset: how often somebody began with the message there and did not get past it, and
 * how often with those between it and another offset.
 */
const EVIDENCE = /^anybroker:starts=(\d+),(\d+),(\d+)$/;

/** So far behind the first message that is not settled are messages counted that have been begun with it. */
const REACH = 256;

/**
 * One partition that is ours: read in order, settled in any order, committed up to the first that is not settled.
 *
 * Kafka counts no hand-overs, so the evidence of crashes is kept with the committed offset. It is raised before a
 * hand-out, and taken back when we go in good order.
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
  /** It is being noted that somebody begins with what lies before the one offset, and has been with the other. */
  begun = -1;
  noted = -1;
  /** Where we began, and the evidence that was there. */
  #first: number;
  /** It is not ours any more. */
  over = false;
  readonly #own: number;
  readonly #others: number;
  readonly #reach: number;
  #slots: HeldDelivery[] = [];
  #head = 0;
  #next = 0;
  #back: HeldDelivery[] = [];
  #bytes = 0;

  constructor(place: Place, step: number, offset: number, metadata: string) {
    this.topic = place.topic;
    this.partition = place.partition;
    this.step = step;
    this.position = offset;
    this.committed = { topic: place.topic, partition: place.partition, offset, metadata };
    const [own, others, reach] = EVIDENCE.exec(metadata)?.slice(1).map(Number) ?? [];
    this.#first = offset;
    this.#own = own ?? 0;
    this.#others = others ?? 0;
    this.#reach = reach ?? 0;
  }

  /** How often somebody began with the message that is next to be settled, and did not get past it. */
  get starts(): number {
    return this.#startsOf(this.low);
  }

  /** Everything before it is settled. */
  get low(): number {
    return this.#slots[this.#head]?.native.offset ?? this.position;
  }

  /** Whether more is to be read. */
  get hungry(): boolean {
    return this.#bytes < MOST_BYTES && this.#slots.length - this.#head < MOST_GAP;
  }

  push({ records, next }: Fetched): void {
    // Not every offset has a message.
    if (this.position === this.#first) this.#first = records[0]?.offset ?? next;
    for (const record of records) {
      this.#slots.push(new HeldDelivery(this, record, this.#startsOf(record.offset)));
      this.#bytes += sizeOf(record);
      this.position = record.offset + 1;
    }
    this.position = next;
  }

  /** When the next one may be handed out, in milliseconds since 1970; undefined when there is none. */
  get due(): number | undefined {
    if (this.#back.length > 0) return 0;
    const record = this.#slots[this.#next]?.native;
    if (record === undefined || this.step === 0) return record === undefined ? undefined : 0;
    const end = record.timestamp + this.step;
    return Math.min(end, notBeforeOf(record) ?? end);
  }

  /** Hands out the next one. */
  take(): HeldDelivery | undefined {
    const back = this.#back.length === 0 ? undefined : this.#back.shift();
    const next = back ?? this.#slots[this.#next];
    if (next === undefined) return undefined;
    if (back === undefined) this.#next += 1;
    this.#bytes -= sizeOf(next.native);
    next.held = true;
    return next;
  }

  done(delivery: HeldDelivery): void {
    delivery.held = false;
    delivery.done = true;
    while (this.#slots[this.#head]?.done === true) this.#head += 1;
    // Not at each one, since it moves what stays.
    if (this.#head < 256 || this.#head * 2 < this.#slots.length) return;
    this.#slots = this.#slots.slice(this.#head);
    this.#next -= this.#head;
    this.#head = 0;
  }

  /** It is handed out again, before what comes after it, as another delivery. */
  giveBack(delivery: HeldDelivery): void {
    delivery.held = false;
    const { native, deliveries } = delivery;
    const again = new HeldDelivery(this, native, deliveries);
    this.#slots[this.#slots.indexOf(delivery, this.#head)] = again;
    this.#bytes += sizeOf(native);
    const at = this.#back.findIndex((other) => other.native.offset > native.offset);
    this.#back.splice(at < 0 ? this.#back.length : at, 0, again);
  }

  /** What is in somebody's hands. */
  get held(): readonly HeldDelivery[] {
    return this.#slots.filter((delivery) => delivery.held);
  }

  /** It is not ours any more: answers what was in somebody's hands. */
  end(): readonly HeldDelivery[] {
    this.over = true;
    const { held } = this;
    for (const delivery of held) delivery.held = false;
    return held;
  }

  /** What is to be committed; with `leaving` as by one that has done no harm. Undefined: the server has it already. */
  commit(leaving: boolean): Committed | undefined {
    const { topic, partition, low, committed } = this;
    const begun = leaving ? -1 : this.begun;
    const own = this.#startsOf(low) + (low < begun ? 1 : 0);
    const others = this.#startsOf(low + 1) + (low + 1 < begun ? 1 : 0);
    const reach = low + 1 < begun ? low + REACH : this.#reach;
    const metadata = own + others === 0 ? "" : `anybroker:starts=${own},${others},${reach}`;
    const same = committed.offset === low && committed.metadata === metadata;
    return same ? undefined : { topic, partition, offset: low, metadata };
  }

  #startsOf(offset: number): number {
    if (offset <= this.#first) return this.#own;
    return offset < this.#reach ? this.#others : 0;
  }
}

function sizeOf({ key, value }: KafkaRecord): number {
  return 100 + (key?.length ?? 0) + (value?.length ?? 0);
}
