import { Bag } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import { type Due, deadlineWatch } from "../base/deadlines.ts";
import type { Held } from "./held.ts";
import { KeyLanes } from "./key-lanes.ts";
import type { Plan } from "./plan.ts";

/** One run of a handler, on one message or on a batch. */
export interface Run extends Due {
  readonly messages: readonly Held[];
  /** Its time is over, and it has not come back. */
  overdue: boolean;
}

/** What the dispatcher leaves to others. */
export interface Steps {
  /** Reads the body. False: the message has been dealt with, no handler is to see it. */
  prepare(held: Held): boolean | Promise<boolean>;
  succeeded(held: Held): void;
  threw(held: Held, error: unknown): void;
  timedOut(held: Held): void;
  /** As many handlers are overdue as may run at once: nothing can go on. */
  stuck(): void;
  /** A run has ended. */
  ended(): void;
}

/** Runs handlers: so many at once, one at a time for a key, each for so long. */
export class Dispatcher {
  readonly #plan: Plan;
  readonly #clock: Clock;
  readonly #steps: Steps;
  readonly #lanes: KeyLanes;
  readonly #deadlines: ReturnType<typeof deadlineWatch>;
  readonly #resting = new Map<Held, () => void>();
  readonly #runs = new Bag<Run>();
  #slots: number;
  #overdue = 0;
  #open = true;
  #pumping = false;
  #cancelWait: (() => void) | undefined;
  #waited = false;

  constructor(plan: Plan, ordered: boolean, clock: Clock, steps: Steps) {
    this.#plan = plan;
    this.#clock = clock;
    this.#steps = steps;
    this.#lanes = new KeyLanes(ordered);
    this.#slots = plan.concurrency;
    this.#deadlines = deadlineWatch(clock, this.#runs, (run) => this.#late(run));
  }

  get waiting(): number {
    return this.#lanes.size + this.#resting.size;
  }

  /** Runs that have not come back, overdue ones included. */
  get running(): number {
    return this.#runs.size;
  }

  /** Runs that still have their time. */
  get inTime(): number {
    return this.#runs.size - this.#overdue;
  }

  /** Every message in a handler's hands. */
  inHand(): readonly Held[] {
    return this.#runs.all().flatMap((run) => run.messages);
  }

  push(held: Held): void {
    this.#lanes.push(held);
  }

  /** Starts what can be started. */
  pump(): void {
    // A handler that returns at once comes back to here: the loop goes on, and the stack does not grow.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#open && this.#slots > 0 && this.#enough()) {
      const held = this.#lanes.take();
      if (held === undefined) break;
      if (this.#plan.max === 1) this.#beginOne(held);
      else this.#beginBatch([held, ...this.#lanes.takeMore(this.#plan.max - 1)]);
    }
    this.#pumping = false;
  }

  /** No handler starts until `open`. */
  hold(): void {
    this.#open = false;
  }

  open(): void {
    this.#open = true;
    this.pump();
  }

  /** Runs it again here after a while; its key stays taken. */
  rest(held: Held, delay: number): void {
    held.state = "resting";
    const cancel = this.#clock.after(delay, () => {
      this.#resting.delete(held);
      held.again();
      this.#lanes.putBack(held);
      this.pump();
    });
    this.#resting.set(held, cancel);
  }

  /** It is out of our hands: the next of its key may go. */
  free(held: Held): void {
    this.#lanes.free(held);
  }

  /** Takes out what waits and fits the condition, resting ones too. */
  remove(fits: (held: Held) => boolean): readonly Held[] {
    const rested = [...this.#resting.keys()].filter(fits);
    for (const held of rested) {
      this.#resting.get(held)?.();
      this.#resting.delete(held);
    }
    const waiting = this.#lanes.remove(fits);
    for (const held of rested) this.free(held);
    return [...rested, ...waiting];
  }

  stop(): void {
    this.#open = false;
    this.#deadlines.stop();
    this.#cancelWait?.();
  }

  /** Whether there is a batch: a full one, or what has come within the wait. */
  #enough(): boolean {
    const { max, wait } = this.#plan;
    if (max === 1 || wait === 0 || this.#waited || this.#lanes.ready >= max) {
      this.#waited = false;
      this.#cancelWait?.();
      this.#cancelWait = undefined;
      return true;
    }
    if (this.#lanes.ready === 0) return false;
    this.#cancelWait ??= this.#clock.after(wait, () => {
      this.#cancelWait = undefined;
      this.#waited = true;
      this.pump();
    });
    return false;
  }

  #beginOne(held: Held): void {
    this.#slots -= 1;
    held.state = "running";
    const fit = this.#steps.prepare(held);
    if (fit === true) this.#run([held]);
    else this.#beginLate([held], [fit]);
  }

  #beginBatch(taken: readonly Held[]): void {
    this.#slots -= 1;
    for (const held of taken) held.state = "running";
    this.#beginLate(
      taken,
      taken.map((held) => this.#steps.prepare(held)),
    );
  }

  #beginLate(taken: readonly Held[], fit: readonly (boolean | Promise<boolean>)[]): void {
    void Promise.all(fit.map((answer) => Promise.resolve(answer))).then((answers) => {
      const ready = taken.filter((_, index) => answers[index] === true);
      for (const held of ready) if (held.state !== "running") this.free(held);
      const messages = ready.filter((held) => held.state === "running");
      if (messages.length > 0) return this.#run(messages);
      this.#slots += 1;
      this.pump();
      this.#steps.ended();
    });
  }

  #run(messages: readonly Held[]): void {
    const run: Run = { messages, deadline: this.#clock.now() + this.#plan.timeout, overdue: false, slot: -1 };
    for (const held of messages) held.run = run;
    this.#runs.add(run);
    this.#deadlines.watch(run.deadline);
    try {
      const result = this.#plan.invoke(messages);
      if (!isThenable(result)) return this.#came(run, undefined, false);
      result.then(
        () => this.#came(run, undefined, false),
        (error: unknown) => this.#came(run, error, true),
      );
    } catch (error) {
      this.#came(run, error, true);
    }
  }

  #came(run: Run, error: unknown, threw: boolean): void {
    this.#runs.remove(run);
    if (run.overdue) this.#overdue -= 1;
    else this.#slots += 1;
    for (const held of run.messages) {
      held.run = undefined;
      if (threw) this.#steps.threw(held, error);
      else this.#steps.succeeded(held);
    }
    this.pump();
    this.#steps.ended();
  }

  #late(run: Run): void {
    if (run.overdue) return;
    run.overdue = true;
    this.#overdue += 1;
    this.#slots += 1;
    for (const held of run.messages) this.#steps.timedOut(held);
    if (this.#overdue >= this.#plan.concurrency) return this.#steps.stuck();
    this.pump();
    this.#steps.ended();
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
