import type { Clock } from "@anybroker/core/driver";
import { Heap } from "./heap.ts";
import { MemoryError } from "./memory-error.ts";

interface Task {
  readonly due: number;
  readonly seq: number;
  readonly run: () => void;
}

/** Something that holds leases. */
export interface Leaseholder {
  /** When its first lease ends. */
  readonly nextExpiry: number;
  expire(now: number): void;
}

/**
 * All that happens by the clock, on one timer for whatever comes first. The timer is there while a link is open; what
 * came due in between happens when the next one opens.
 */
export class Timing {
  readonly holders: Set<Leaseholder> = new Set();
  readonly #tasks = new Heap<Task>((a, b) => a.due < b.due || (a.due === b.due && a.seq < b.seq));
  #clock: Clock | undefined;
  #running = false;
  #seq = 0;
  #armed = Number.POSITIVE_INFINITY;
  #disarm: (() => void) | undefined;

  get now(): number {
    return this.#clock?.now() ?? 0;
  }

  start(clock: Clock): void {
    if (this.#clock !== undefined && this.#clock !== clock) {
      throw new MemoryError("config", "an instance has one clock, and another link has brought a different one");
    }
    this.#clock = clock;
    this.#running = true;
    this.#tick();
  }

  stop(): void {
    this.#running = false;
    this.#disarm?.();
    this.#armed = Number.POSITIVE_INFINITY;
  }

  /** Runs once at that time, those of the same time in the order of the calls. */
  at(due: number, run: () => void): void {
    this.#seq += 1;
    this.#tasks.push({ due, seq: this.#seq, run });
    this.wakeAt(due);
  }

  /** Looks at tasks and leases at that time, or sooner. */
  wakeAt(time: number): void {
    if (!this.#running || time >= this.#armed || this.#clock === undefined) return;
    this.#disarm?.();
    this.#armed = time;
    this.#disarm = this.#clock.after(Math.max(0, time - this.#clock.now()), () => this.#tick());
  }

  #tick(): void {
    this.#disarm?.();
    this.#armed = Number.POSITIVE_INFINITY;
    const now = this.now;
    for (let task = this.#tasks.peek(); task !== undefined && task.due <= now; task = this.#tasks.peek()) {
      this.#tasks.pop();
      task.run();
    }
    for (const holder of this.holders) holder.expire(now);
    let next = this.#tasks.peek()?.due ?? Number.POSITIVE_INFINITY;
    for (const holder of this.holders) next = Math.min(next, holder.nextExpiry);
    if (next < Number.POSITIVE_INFINITY) this.wakeAt(next);
  }
}
