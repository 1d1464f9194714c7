import { randomUUID } from "node:crypto";
import type { Filter, HeaderChanges, Selection, Stats } from "@anybroker/core/driver";
import { type Budget, BudgetShare } from "./budget.ts";
import { DeadLetterList } from "./dead-letter-list.ts";
import { type Entry, type MemoryMessage, type MemorySentMessage, sentMessage, withHeaders } from "./message.ts";
import type { Reader } from "./reader.ts";
import type { Ready } from "./ready.ts";
import { ReadyByKey } from "./ready-by-key.ts";
import { ReadyByPriority } from "./ready-by-priority.ts";
import type { Timers } from "./timers.ts";

/** The properties of a queue or subscription. */
export interface QueueShape {
  readonly name: string;
  readonly ordered: boolean;
}

/** A message that waits for its time. */
interface Delayed {
  readonly message: MemoryMessage;
  readonly due: number;
  /** Makes its key free, if the message was retried on an ordered store. */
  readonly drop: () => void;
}

/** The messages of one queue or one subscription, from arrival to settlement. */
export class QueueStore {
  readonly shape: QueueShape;
  /** What a subscription gets of its topic. */
  filter: Filter | undefined;
  /** Tells the store from a later one of the same name. */
  readonly id: string = randomUUID();
  readonly deadLetters: DeadLetterList = new DeadLetterList();
  readonly readers: Set<Reader> = new Set();
  readonly #ready: Ready;
  /** The same as `#ready`, if the store is ordered. */
  readonly #readyByKey: ReadyByKey | undefined;
  readonly #timers: Timers;
  readonly #share: BudgetShare;
  readonly #waiting = new Set<Reader>();
  readonly #delayed = new Set<Delayed>();
  readonly #handOutNow = (): void => this.#handOut();
  #handOutScheduled = false;
  #seq = 0;
  #inFlight = 0;

  constructor(shape: QueueShape, timers: Timers, budget: Budget) {
    this.shape = shape;
    this.#readyByKey = shape.ordered ? new ReadyByKey() : undefined;
    this.#ready = this.#readyByKey ?? new ReadyByPriority();
    this.#timers = timers;
    this.#share = new BudgetShare(budget);
  }

  add(message: MemoryMessage): void {
    this.#share.charge(1, message.size);
    this.#append(message);
  }

  addLater(message: MemoryMessage, due: number): void {
    this.#share.charge(1, message.size);
    this.#later(due, message, () => this.#append(message));
  }

  take(reader: Reader, max: number): readonly Entry[] {
    const entries: Entry[] = [];
    while (entries.length < max) {
      const entry = this.#ready.take(reader);
      if (entry === undefined) break;
      entry.deliveries += 1;
      entries.push(entry);
    }
    this.#inFlight += entries.length;
    return entries;
  }

  /** Gives the reader entries as soon as there are some for it. */
  wait(reader: Reader): void {
    this.#waiting.add(reader);
    if (this.#ready.size > 0) this.#scheduleHandOut();
  }

  stopWaiting(reader: Reader): void {
    this.#waiting.delete(reader);
  }

  ack(entry: Entry): void {
    this.#share.charge(-1, -entry.message.size);
    this.#done(entry);
  }

  /** Gives back an entry that no handler saw: the delivery does not count. */
  release(entry: Entry): void {
    entry.deliveries -= 1;
    this.giveBack(entry);
  }

  /** Gives back an entry to its old place. */
  giveBack(entry: Entry): void {
    this.#inFlight -= 1;
    this.#ready.giveBack(entry);
    this.#scheduleHandOut();
  }

  retry(entry: Entry, changes: HeaderChanges, delay: number): void {
    const copy = this.#copy(entry, changes);
    if (this.#readyByKey !== undefined) return this.#retryInPlace(this.#readyByKey, copy, delay);
    if (delay > 0) this.#later(this.#timers.now + delay, copy.message, () => this.#append(copy.message));
    else this.#append(copy.message);
    this.#done(entry);
  }

  deadLetter(entry: Entry, changes: HeaderChanges): void {
    this.deadLetters.add(this.#copy(entry, changes));
    this.#done(entry);
  }

  replay(selection: Selection, changes: HeaderChanges): number {
    const entries = this.deadLetters.take(selection);
    for (const entry of entries) this.#append(this.#copy(entry, changes).message);
    return entries.length;
  }

  remove(selection: Selection): number {
    const entries = this.deadLetters.take(selection);
    for (const { message } of entries) this.#share.charge(-1, -message.size);
    return entries.length;
  }

  stats(): Stats {
    return {
      ready: this.#ready.size,
      delayed: this.#delayed.size,
      inFlight: this.#inFlight,
      dead: this.deadLetters.size,
    };
  }

  /** What is ready, in flight or delayed: in the order of arrival, then in the order of time. */
  peek(): readonly MemorySentMessage[] {
    const { now } = this.#timers;
    const entries = [...this.#ready.values(), ...[...this.readers].flatMap((reader) => reader.held())];
    const dueOf = ({ progress }: Entry): number | undefined =>
      progress !== undefined && progress.notBefore > now ? progress.notBefore : undefined;
    return [
      ...entries.toSorted((a, b) => a.seq - b.seq).map((entry) => sentMessage(entry.message, dueOf(entry))),
      ...[...this.#delayed].toSorted((a, b) => a.due - b.due).map(({ message, due }) => sentMessage(message, due)),
    ];
  }

  /** Drops what is ready or delayed. What readers hold stays, and so do the dead letters. */
  purge(): void {
    for (const { message } of this.#ready.clear()) this.#share.charge(-1, -message.size);
    for (const { message, drop } of this.#delayed) {
      this.#share.charge(-1, -message.size);
      drop();
    }
    this.#delayed.clear();
  }

  /** Drops everything, and tells the readers. */
  delete(): void {
    this.#delayed.clear();
    for (const reader of this.readers) reader.storeDeleted();
    this.#share.free();
  }

  #append(message: MemoryMessage): void {
    this.#seq += 1;
    this.#ready.add({ message, seq: this.#seq, deliveries: 0 });
    this.#scheduleHandOut();
  }

  /** The same place, and no deliveries yet. */
  #copy(entry: Entry, changes: HeaderChanges): Entry {
    const message = withHeaders(entry.message, changes);
    this.#share.charge(0, message.size - entry.message.size);
    return { message, seq: entry.seq, deliveries: 0 };
  }

  /** On an ordered store a copy keeps its place, and its key waits for it. */
  #retryInPlace(ready: ReadyByKey, copy: Entry, delay: number): void {
    this.#inFlight -= 1;
    ready.delay(copy);
    const back = (): void => {
      ready.undelay(copy);
      this.#scheduleHandOut();
    };
    if (delay > 0) this.#later(this.#timers.now + delay, copy.message, back, () => ready.dropDelayed(copy));
    else back();
  }

  /** Runs `back` when the message is due, unless it was dropped before. */
  #later(due: number, message: MemoryMessage, back: () => void, drop: () => void = () => {}): void {
    const delayed = { message, due, drop };
    this.#delayed.add(delayed);
    this.#timers.runAt(due, () => {
      if (this.#delayed.delete(delayed)) back();
    });
  }

  #done(entry: Entry): void {
    this.#inFlight -= 1;
    this.#ready.done(entry);
    // Only on an ordered store do other entries wait for this one.
    if (this.#readyByKey !== undefined) this.#scheduleHandOut();
  }

  /** A microtask later, so that entries which arrive in one batch are handed out in one batch. */
  #scheduleHandOut(): void {
    if (this.#handOutScheduled || this.#waiting.size === 0) return;
    this.#handOutScheduled = true;
    queueMicrotask(this.#handOutNow);
  }

  /** Shares what is ready among the readers that wait. */
  #handOut(): void {
    this.#handOutScheduled = false;
    let readersLeft = this.#waiting.size;
    for (const reader of this.#waiting) {
      if (this.#ready.size === 0) return;
      const fairShare = Math.ceil(this.#ready.size / readersLeft);
      const entries = this.take(reader, Math.min(fairShare, reader.capacity));
      readersLeft -= 1;
      if (entries.length === 0) continue;
      this.#waiting.delete(reader);
      reader.accept(entries);
    }
  }
}
