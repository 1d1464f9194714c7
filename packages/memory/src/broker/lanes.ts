import type { Entry } from "./message.ts";
import { Line, type Ready, type Taker } from "./ready.ts";

/** The messages of one key. */
interface Lane {
  readonly key: string;
  readonly line: Line;
  /** Who holds entries of it; nobody else gets one until all of them are back or done. */
  owner: Taker | undefined;
  inFlight: number;
  /** The last place that was handed out of those that are out. */
  last: number;
  /** Entries that wait for their time and hold the key meanwhile. */
  held: number;
  ring: Ring | undefined;
  previous: Lane | undefined;
  next: Lane | undefined;
}

/** Lanes that take turns. A lane is in one ring at most, and leaves it in constant time. */
class Ring {
  first: Lane | undefined;
  last: Lane | undefined;

  append(lane: Lane): void {
    lane.ring = this;
    lane.previous = this.last;
    if (this.last === undefined) this.first = lane;
    else this.last.next = lane;
    this.last = lane;
  }
}

function leaveRing(lane: Lane): void {
  const { ring, previous, next } = lane;
  if (ring === undefined) return;
  if (previous === undefined) ring.first = next;
  else previous.next = next;
  if (next === undefined) ring.last = previous;
  else next.previous = previous;
  lane.ring = lane.previous = lane.next = undefined;
}

/**
 * One lane for each key, in arrival order: a key is never with two takers. Keys take turns; priority does not count
 * here. Entries without a key have one in common, the empty one.
 */
export class LaneReady implements Ready {
  readonly #lanes = new Map<string, Lane>();
  readonly #free = new Ring();
  readonly #owned = new WeakMap<Taker, Ring>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  add(entry: Entry): void {
    const lane = this.#lane(entry);
    this.#size += 1;
    lane.line.add(entry);
    this.#place(lane);
  }

  take(taker: Taker): Entry | undefined {
    const lane = this.#free.first ?? this.#owned.get(taker)?.first;
    const entry = lane?.line.shift();
    if (lane === undefined || entry === undefined) return undefined;
    this.#size -= 1;
    lane.owner = taker;
    lane.inFlight += 1;
    lane.last = entry.seq;
    leaveRing(lane);
    this.#place(lane);
    return entry;
  }

  giveBack(entry: Entry): void {
    const lane = this.#lane(entry);
    this.#size += 1;
    lane.line.giveBack(entry);
    this.#leave(lane);
  }

  done(entry: Entry): void {
    this.#leave(this.#lane(entry));
  }

  /** It was handed out and comes back in its old place later; its key waits for it. */
  hold(entry: Entry): void {
    const lane = this.#lane(entry);
    lane.held += 1;
    this.#leave(lane);
  }

  /** The time of an entry that was held has come. */
  unhold(entry: Entry): void {
    const lane = this.#lane(entry);
    this.#size += 1;
    lane.held -= 1;
    lane.line.giveBack(entry);
    this.#place(lane);
  }

  #lane({ message: { key = "" } }: Entry): Lane {
    const known = this.#lanes.get(key);
    if (known !== undefined) return known;
    const lane: Lane = {
      key,
      line: new Line(),
      owner: undefined,
      inFlight: 0,
      last: -1,
      held: 0,
      ring: undefined,
      previous: undefined,
      next: undefined,
    };
    this.#lanes.set(key, lane);
    return lane;
  }

  #leave(lane: Lane): void {
    lane.inFlight -= 1;
    if (lane.inFlight === 0) {
      lane.owner = undefined;
      lane.last = -1;
    }
    this.#place(lane);
  }

  #place(lane: Lane): void {
    const ring = this.#ringFor(lane);
    if (ring !== lane.ring) {
      leaveRing(lane);
      ring?.append(lane);
    }
    if (lane.line.size + lane.inFlight + lane.held === 0) this.#lanes.delete(lane.key);
  }

  #ringFor(lane: Lane): Ring | undefined {
    const head = lane.line.peek();
    if (head === undefined || lane.held > 0) return undefined;
    if (lane.owner === undefined) return this.#free;
    // What was given back waits until everything younger is back too, so that it cannot be overtaken.
    if (head.seq < lane.last) return undefined;
    const ring = this.#owned.get(lane.owner) ?? new Ring();
    this.#owned.set(lane.owner, ring);
    return ring;
  }
}
