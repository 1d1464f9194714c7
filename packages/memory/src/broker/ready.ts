import { Fifo } from "./fifo.ts";
import { Heap } from "./heap.ts";
import type { Entry } from "./message.ts";

/** Who takes entries. */
export interface Taker {
  /** The most it takes when something comes. */
  readonly wants: number;
  /** Called while it waits, with at least one entry. */
  accept(entries: readonly Entry[]): void;
}

/** What waits to be handed out, and in which order. */
export interface Ready {
  readonly size: number;
  /** At the tail. */
  add(entry: Entry): void;
  take(taker: Taker): Entry | undefined;
  /** Back in its old place. */
  giveBack(entry: Entry): void;
  /** It was handed out and will not come back. */
  done(entry: Entry): void;
}

/** Given-back entries are older than all that were never taken: they go first, oldest first. */
export class Line {
  readonly #returned = new Heap<Entry>((a, b) => a.seq < b.seq);
  readonly #fresh = new Fifo<Entry>();

  get size(): number {
    return this.#returned.size + this.#fresh.size;
  }

  peek(): Entry | undefined {
    return this.#returned.peek() ?? this.#fresh.peek();
  }

  add(entry: Entry): void {
    this.#fresh.push(entry);
  }

  giveBack(entry: Entry): void {
    this.#returned.push(entry);
  }

  shift(): Entry | undefined {
    return this.#returned.pop() ?? this.#fresh.shift();
  }
}

/** Higher priority first, arrival order inside each. */
export class PriorityReady implements Ready {
  readonly #lines: Line[] = [];
  /** Bit n is set while line n has something. */
  #filled = 0;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: Entry): void {
    this.#open(entry).add(entry);
  }

  giveBack(entry: Entry): void {
    this.#open(entry).giveBack(entry);
  }

  done(): void {
    // Nothing is tied to an entry that is out.
  }

  take(): Entry | undefined {
    if (this.#filled === 0) return undefined;
    const priority = 31 - Math.clz32(this.#filled);
    const line = this.#lines[priority];
    const entry = line?.shift();
    if (line?.size === 0) this.#filled &= ~(1 << priority);
    this.#size -= 1;
    return entry;
  }

  #open({ message: { priority } }: Entry): Line {
    this.#size += 1;
    this.#filled |= 1 << priority;
    const line = this.#lines[priority] ?? new Line();
    this.#lines[priority] = line;
    return line;
  }
}
