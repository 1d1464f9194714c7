import { ArrivalOrder } from "./arrival-order.ts";
import type { Entry } from "./message.ts";
import type { Reader } from "./reader.ts";
import type { Ready } from "./ready.ts";

/** The entries of one key. */
interface KeyEntries {
  readonly key: string;
  readonly ready: ArrivalOrder;
  /** The reader that holds entries of the key. No other reader gets one until all of them are done or given back. */
  owner: Reader | undefined;
  inFlight: number;
  /** The `seq` of the last entry that was taken, while entries are in flight; else -1. */
  lastTaken: number;
  /** Entries that wait for their time. Until then the key waits too. */
  delayed: number;
  turns: Turns | undefined;
  previous: KeyEntries | undefined;
  next: KeyEntries | undefined;
}

/** Keys that take turns: a linked list. A key is in one list at most, and leaves it in constant time. */
class Turns {
  first: KeyEntries | undefined;
  last: KeyEntries | undefined;

  append(entries: KeyEntries): void {
    entries.turns = this;
    entries.previous = this.last;
    if (this.last === undefined) this.first = entries;
    else this.last.next = entries;
    this.last = entries;
  }
}

function removeFromTurns(entries: KeyEntries): void {
  const { turns, previous, next } = entries;
  if (turns === undefined) return;
  if (previous === undefined) turns.first = next;
  else previous.next = next;
  if (next === undefined) turns.last = previous;
  else next.previous = previous;
  entries.turns = undefined;
  entries.previous = undefined;
  entries.next = undefined;
}

/**
 * Each key in its order of arrival, and with one reader at a time. Keys take turns, and priority does not count. Entries
 * without a key share one: the empty key.
 */
export class ReadyByKey implements Ready {
  readonly #keys = new Map<string, KeyEntries>();
  /** Keys that any reader can take from. */
  readonly #free = new Turns();
  /** Keys that only their owner can take from. */
  readonly #owned = new WeakMap<Reader, Turns>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: Entry): void {
    const entries = this.#entriesOf(entry);
    this.#size += 1;
    entries.ready.add(entry);
    this.#place(entries);
  }

  take(reader: Reader): Entry | undefined {
    const entries = this.#free.first ?? this.#owned.get(reader)?.first;
    const entry = entries?.ready.shift();
    if (entries === undefined || entry === undefined) return undefined;
    this.#size -= 1;
    entries.owner = reader;
    entries.inFlight += 1;
    entries.lastTaken = entry.seq;
    removeFromTurns(entries);
    this.#place(entries);
    return entry;
  }

  giveBack(entry: Entry): void {
    const entries = this.#entriesOf(entry);
    this.#size += 1;
    entries.ready.giveBack(entry);
    this.#landed(entries);
  }

  done(entry: Entry): void {
    this.#landed(this.#entriesOf(entry));
  }

  /** An entry that was taken comes back to its old place later. Its key waits for it. */
  delay(entry: Entry): void {
    const entries = this.#entriesOf(entry);
    entries.delayed += 1;
    this.#landed(entries);
  }

  /** The time of a delayed entry has come. */
  undelay(entry: Entry): void {
    const entries = this.#entriesOf(entry);
    this.#size += 1;
    entries.delayed -= 1;
    entries.ready.giveBack(entry);
    this.#place(entries);
  }

  /** A delayed entry will not come back. */
  dropDelayed(entry: Entry): void {
    const entries = this.#entriesOf(entry);
    entries.delayed -= 1;
    this.#place(entries);
  }

  values(): readonly Entry[] {
    return [...this.#keys.values()].flatMap(({ ready }) => ready.values());
  }

  clear(): readonly Entry[] {
    const cleared: Entry[] = [];
    for (const entries of this.#keys.values()) {
      cleared.push(...entries.ready.clear());
      this.#place(entries);
    }
    this.#size = 0;
    return cleared;
  }

  #entriesOf({ message: { key = "" } }: Entry): KeyEntries {
    const known = this.#keys.get(key);
    if (known !== undefined) return known;
    const entries: KeyEntries = {
      key,
      ready: new ArrivalOrder(),
      owner: undefined,
      inFlight: 0,
      lastTaken: -1,
      delayed: 0,
      turns: undefined,
      previous: undefined,
      next: undefined,
    };
    this.#keys.set(key, entries);
    return entries;
  }

  /** One entry fewer is in flight. */
  #landed(entries: KeyEntries): void {
    entries.inFlight -= 1;
    if (entries.inFlight === 0) {
      entries.owner = undefined;
      entries.lastTaken = -1;
    }
    this.#place(entries);
  }

  /** Moves a key to the turns that it belongs to now, and forgets a key without entries. */
  #place(entries: KeyEntries): void {
    const turns = this.#turnsFor(entries);
    if (turns !== entries.turns) {
      removeFromTurns(entries);
      turns?.append(entries);
    }
    if (entries.ready.size + entries.inFlight + entries.delayed === 0) this.#keys.delete(entries.key);
  }

  #turnsFor({ ready, owner, lastTaken, delayed }: KeyEntries): Turns | undefined {
    const first = ready.peek();
    if (first === undefined || delayed > 0) return undefined;
    if (owner === undefined) return this.#free;
    // An entry that was given back waits until everything younger is back too. Otherwise it could be overtaken.
    if (first.seq < lastTaken) return undefined;
    const turns = this.#owned.get(owner) ?? new Turns();
    this.#owned.set(owner, turns);
    return turns;
  }
}
