import type { Filter, HeaderChanges, Selection, Stats } from "@anybroker/core/driver";
import { type Budget, Share } from "./budget.ts";
import { DeadLetters } from "./dead-letters.ts";
import { LaneReady } from "./lanes.ts";
import { type Entry, type MemoryMessage, withHeaders } from "./message.ts";
import { PriorityReady, type Ready, type Taker } from "./ready.ts";
import type { Timing } from "./timing.ts";

/** What a queue or a subscription is made from. */
export interface QueueShape {
  readonly name: string;
  readonly ordered: boolean;
  readonly filter: Filter | undefined;
}

/** The messages of one queue or one subscription, from arrival to settlement. */
export class QueueStore {
  readonly shape: QueueShape;
  readonly dead: DeadLetters = new DeadLetters();
  /** The sources that read it. */
  readonly readers: Set<{ storeDeleted(): void }> = new Set();
  readonly #lanes: LaneReady | undefined;
  readonly #ready: Ready;
  readonly #timing: Timing;
  readonly #share: Share;
  readonly #waiting = new Set<Taker>();
  readonly #pump = (): void => this.#handOut();
  #pumping = false;
  #seq = 0;
  #delayed = 0;
  #inFlight = 0;
  #deleted = false;

  constructor(shape: QueueShape, timing: Timing, budget: Budget) {
    this.shape = shape;
    this.#lanes = shape.ordered ? new LaneReady() : undefined;
    this.#ready = this.#lanes ?? new PriorityReady();
    this.#timing = timing;
    this.#share = new Share(budget);
  }

  add(message: MemoryMessage): void {
    this.#share.charge(1, message.size);
    this.#append(message);
  }

  addLater(message: MemoryMessage, due: number): void {
    this.#share.charge(1, message.size);
    this.#later(due, () => this.#append(message));
  }

  take(taker: Taker, max: number): readonly Entry[] {
    const entries: Entry[] = [];
    while (entries.length < max) {
      const entry = this.#ready.take(taker);
      if (entry === undefined) break;
      entry.deliveries += 1;
      entries.push(entry);
    }
    this.#inFlight += entries.length;
    return entries;
  }

  /** The taker is given entries as soon as there are some for it. */
  wait(taker: Taker): void {
    this.#waiting.add(taker);
    if (this.#ready.size > 0) this.#wake();
  }

  stopWaiting(taker: Taker): void {
    this.#waiting.delete(taker);
  }

  ack(entry: Entry): void {
    this.#share.charge(-1, -entry.message.size);
    this.#done(entry);
  }

  /** Nobody saw it: the hand-over does not count. */
  release(entry: Entry): void {
    entry.deliveries -= 1;
    this.giveBack(entry);
  }

  giveBack(entry: Entry): void {
    this.#inFlight -= 1;
    this.#ready.giveBack(entry);
    this.#wake();
  }

  retry(entry: Entry, changes: HeaderChanges, delay: number): void {
    const copy = this.#copy(entry, changes);
    if (this.#lanes !== undefined) this.#retryInPlace(this.#lanes, copy, delay);
    else {
      if (delay > 0) this.#later(this.#timing.now + delay, () => this.#append(copy.message));
      else this.#append(copy.message);
      this.#done(entry);
    }
  }

  deadLetter(entry: Entry, changes: HeaderChanges): void {
    this.dead.add(this.#copy(entry, changes));
    this.#done(entry);
  }

  replay(selection: Selection, changes: HeaderChanges): number {
    const entries = this.dead.take(selection);
    for (const entry of entries) this.#append(this.#copy(entry, changes).message);
    return entries.length;
  }

  remove(selection: Selection): number {
    const entries = this.dead.take(selection);
    for (const { message } of entries) this.#share.charge(-1, -message.size);
    return entries.length;
  }

  stats(): Stats {
    return { ready: this.#ready.size, delayed: this.#delayed, inFlight: this.#inFlight, dead: this.dead.size };
  }

  /** Everything in it is gone, and its readers are told. */
  delete(): void {
    this.#deleted = true;
    for (const reader of this.readers) reader.storeDeleted();
    this.#share.clear();
  }

  #append(message: MemoryMessage): void {
    this.#seq += 1;
    this.#ready.add({ message, seq: this.#seq, deliveries: 0 });
    this.#wake();
  }

  /** The same place, and hand-overs counted anew. */
  #copy(entry: Entry, changes: HeaderChanges): Entry {
    const message = withHeaders(entry.message, changes);
    this.#share.charge(0, message.size - entry.message.size);
    return { message, seq: entry.seq, deliveries: 0 };
  }

  /** An ordered copy keeps its place, and its key waits for it. */
  #retryInPlace(lanes: LaneReady, copy: Entry, delay: number): void {
    this.#inFlight -= 1;
    lanes.hold(copy);
    const back = (): void => {
      lanes.unhold(copy);
      this.#wake();
    };
    if (delay > 0) this.#later(this.#timing.now + delay, back);
    else back();
  }

  #later(due: number, run: () => void): void {
    this.#delayed += 1;
    this.#timing.at(due, () => {
      if (this.#deleted) return;
      this.#delayed -= 1;
      run();
    });
  }

  #done(entry: Entry): void {
    this.#inFlight -= 1;
    this.#ready.done(entry);
    // Only an ordered store has entries that waited for this one.
    if (this.#lanes !== undefined) this.#wake();
  }

  #wake(): void {
    if (this.#pumping || this.#waiting.size === 0) return;
    this.#pumping = true;
    // One microtask later, so that what comes in one batch is handed out in one.
    queueMicrotask(this.#pump);
  }

  #handOut(): void {
    this.#pumping = false;
    let open = this.#waiting.size;
    for (const taker of this.#waiting) {
      if (this.#ready.size === 0) return;
      const fair = Math.ceil(this.#ready.size / open);
      const entries = this.take(taker, Math.min(fair, taker.wants));
      open -= 1;
      if (entries.length === 0) continue;
      this.#waiting.delete(taker);
      taker.accept(entries);
    }
  }
}
