import type { Clock } from "@anybroker/core/driver";
import { Heap } from "./heap.ts";
import { MemoryError } from "./memory-error.ts";

interface Task {
  readonly due: number;
  readonly seq: number;
  readonly run: () => void;
}

/** A reader that holds leases. */
export interface Leaseholder {
  /** When the first of its leases ends. */
  readonly nextExpiry: number;
  expire(now: number): void;
}

/**
 * Everything that an instance does by the clock, on one timer. The timer runs while a link is open. What comes due while
 * no link is open happens when the next one opens.
 */
export class Timers {
  readonly leaseholders: Set<Leaseholder> = new Set();
  readonly #tasks = new Heap<Task>(
    (one, other) => one.due < other.due || (one.due === other.due && one.seq < other.seq),
  );
  #clock: Clock | undefined;
  #running = false;
  #seq = 0;
  #nextTick = Number.POSITIVE_INFINITY;
  #cancelTick: (() => void) | undefined;

  get now(): number {
    return this.#clock?.now() ?? 0;
  }

  /** Whether the clock moves only when a program moves it, as in tests. */
  get isManual(): boolean {
    return this.#clock?.manual === true;
  }

  /** Throws when an earlier link had another clock. */
  start(clock: Clock): void {
    if (this.#clock !== undefined && this.#clock !== clock) {
      throw new MemoryError("config", "an instance has one clock, and this link has a different one");
    }
    this.#clock = clock;
    this.#running = true;
    this.#tick();
  }

  stop(): void {
    this.#running = false;
    this.#cancelTick?.();
    this.#nextTick = Number.POSITIVE_INFINITY;
  }

  /** Runs a task once, when it is due. Tasks of the same time run in the order of the calls. */
  runAt(due: number, run: () => void): void {
    this.#seq += 1;
    this.#tasks.push({ due, seq: this.#seq, run });
    this.wakeAt(due);
  }

  /** Makes sure that tasks and leases are looked at by this time. */
  wakeAt(time: number): void {
    if (!this.#running || time >= this.#nextTick || this.#clock === undefined) return;
    this.#cancelTick?.();
    this.#nextTick = time;
    this.#cancelTick = this.#clock.after(Math.max(0, time - this.#clock.now()), () => this.#tick());
  }

  #tick(): void {
    this.#cancelTick?.();
    this.#nextTick = Number.POSITIVE_INFINITY;
    const now = this.now;
    for (let task = this.#tasks.peek(); task !== undefined && task.due <= now; task = this.#tasks.peek()) {
      this.#tasks.pop();
      task.run();
    }
    for (const leaseholder of this.leaseholders) leaseholder.expire(now);
    let next = this.#tasks.peek()?.due ?? Number.POSITIVE_INFINITY;
    for (const { nextExpiry } of this.leaseholders) next = Math.min(next, nextExpiry);
    if (next < Number.POSITIVE_INFINITY) this.wakeAt(next);
  }
}
