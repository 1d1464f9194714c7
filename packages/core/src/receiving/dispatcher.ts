import { Bag } from "../base/bag.ts";
import type { Clock } from "../base/clock.ts";
import { type Due, deadlineWatch } from "../base/deadlines.ts";
import { Waiters } from "../base/wait.ts";
import { type Suspected, startsBefore } from "./crash-loop.ts";
import type { HeldMessage } from "./held-message.ts";
import { KeyQueues } from "./key-queues.ts";
import type { Plan } from "./plan.ts";
import type { SuspectHolder, SuspectTurns } from "./suspect-turns.ts";

/** One run of a handler, on one message or on a batch. */
interface Run extends Due {
  readonly messages: readonly HeldMessage[];
  /** Whether the timeout is over and the handler has not returned. */
  overdue: boolean;
}

/** Reports of the dispatcher to its consumer, and requests to it. */
export interface DispatcherEvents {
  /** Prepares a message for its handler. Returns false if no handler may see it. */
  prepare(held: HeldMessage): boolean | Promise<boolean>;
  /** The same for a suspect. */
  prepareSuspect(held: HeldMessage): Promise<boolean>;
  succeeded(held: HeldMessage): void;
  threw(held: HeldMessage, error: unknown): void;
  timedOut(held: HeldMessage): void;
  /** Resolves when the broker has every ack so far, or cannot get them. */
  flush(): Promise<void>;
  /** As many handlers are overdue as may run at once, so no other may start; or one of them has returned. */
  stuckChanged(isStuck: boolean): void;
}

/** How long a suspect waits while none of the messages before it ends, in ms. Then it starts in any case. */
const SUSPECT_PATIENCE = 5_000;

/**
 * Runs handlers: at most `concurrency` at once and, on an ordered source, one at a time for each key. Reports those
 * that run longer than `timeout`.
 */
export class Dispatcher implements SuspectHolder {
  readonly #plan: Plan;
  readonly #clock: Clock;
  readonly #turns: SuspectTurns;
  readonly #events: DispatcherEvents;
  readonly #queues: KeyQueues<HeldMessage>;
  readonly #deadlines: ReturnType<typeof deadlineWatch>;
  readonly #backingOff = new Map<HeldMessage, () => void>();
  readonly #runs = new Bag<Run>();
  readonly #runEnded = new Waiters();
  #slots: number;
  #overdue = 0;
  #open = true;
  #pumping = false;
  #cancelBatchWait: (() => void) | undefined;
  #batchWaitOver = false;
  /** The suspect that is being prepared or handled. Nothing else starts meanwhile. */
  #suspect: HeldMessage | undefined;
  /** Whether suspects may start without waiting for more messages. */
  #suspectsMayStart = false;
  #patienceOver = false;
  #cancelPatience: (() => void) | undefined;

  constructor(plan: Plan, ordered: boolean, clock: Clock, turns: SuspectTurns, events: DispatcherEvents) {
    this.#plan = plan;
    this.#clock = clock;
    this.#turns = turns;
    this.#events = events;
    this.#queues = new KeyQueues(ordered);
    this.#slots = plan.concurrency;
    this.#deadlines = deadlineWatch(clock, this.#runs, (run) => this.#late(run));
    turns.join(this);
  }

  /** The number of messages that no handler has, those included that back off. */
  get waiting(): number {
    return this.#queues.size + this.#backingOff.size;
  }

  /** The number of handlers that have not returned, overdue ones included. */
  get running(): number {
    return this.#runs.size;
  }

  /** Whether as many handlers are overdue as may run at once. Nothing starts until one returns. */
  get isStuck(): boolean {
    return this.#overdue >= this.#plan.concurrency;
  }

  /** Resolves when the dispatcher is not stuck, or the signal aborts. */
  async unstuck(signal: AbortSignal): Promise<void> {
    while (this.isStuck && !signal.aborted) await this.#runEnded.wait(signal);
  }

  /** Returns every message that a handler has. */
  inHandlers(): readonly HeldMessage[] {
    return this.#runs.all().flatMap((run) => run.messages);
  }

  push(held: HeldMessage): void {
    this.#queues.push(held);
  }

  /** Starts every run that can start. */
  pump(): void {
    // A synchronous handler calls this again when it ends. The loop then goes on, so that the stack does not grow.
    if (this.#pumping) return;
    this.#pumping = true;
    while (this.#open && !this.isStuck && this.#slots > 0 && this.#suspect === undefined) {
      const suspect = this.#dueSuspect();
      if (suspect !== undefined) {
        this.#startSuspect(suspect);
        break;
      }
      if (!this.#batchIsDue()) break;
      const held = this.#queues.take();
      if (held === undefined) break;
      if (this.#plan.max === 1) this.#startOne(held);
      else this.#startBatch([held, ...this.#queues.takeMore(this.#plan.max - 1)]);
    }
    this.#pumping = false;
  }

  /** How many suspects have not been dealt with. */
  get suspects(): number {
    return this.#queues.suspects + (this.#suspect === undefined ? 0 : 1);
  }

  get mostEvidence(): number {
    return Math.max(this.#suspect?.evidence ?? 0, this.#queues.mostEvidence);
  }

  /** Whether a message that came back from a crash goes before the suspect, and is handled, backs off or can start. */
  hasBefore(suspect: Suspected, isForwards: boolean): boolean {
    const isBefore = (held: HeldMessage): boolean => held.isFromCrash && startsBefore(held, suspect, isForwards);
    if (this.#suspect !== undefined && isBefore(this.#suspect)) return true;
    if (this.#runs.all().some((run) => !run.overdue && run.messages.some(isBefore))) return true;
    if (!this.#open || this.isStuck) return false;
    return this.#queues.someReady(isBefore) || [...this.#backingOff.keys()].some(isBefore);
  }

  /** Lets suspects start. Resolves when there are none left, or the signal aborts. Meanwhile no further messages should come. */
  async dealWithSuspects(signal: AbortSignal): Promise<void> {
    this.#suspectsMayStart = true;
    this.pump();
    while (this.suspects > 0 && !signal.aborted) await this.#runEnded.wait(signal);
    this.#suspectsMayStart = false;
  }

  /** Starts no more handlers until `open`. */
  hold(): void {
    this.#open = false;
    this.#turns.changed();
  }

  /** Starts handlers again after `hold`. */
  open(): void {
    this.#open = true;
    this.pump();
  }

  /** Runs the handler of a message again after a wait. The message's key stays taken. */
  runAgain(held: HeldMessage, wait: number): void {
    held.backOff();
    const cancel = this.#clock.after(wait, () => {
      this.#backingOff.delete(held);
      held.waitAgain();
      this.#queues.putBack(held);
      this.pump();
    });
    this.#backingOff.set(held, cancel);
    this.#runEnded.wake();
  }

  /** Removes and returns the matching messages that no handler has, those included that back off. */
  remove(matches: (held: HeldMessage) => boolean): readonly HeldMessage[] {
    const backingOff = [...this.#backingOff.keys()].filter(matches);
    for (const held of backingOff) {
      this.#backingOff.get(held)?.();
      this.#backingOff.delete(held);
    }
    const waiting = this.#queues.remove(matches);
    for (const held of backingOff) this.#queues.free(held);
    const removed = [...backingOff, ...waiting];
    if (removed.length > 0) {
      this.#runEnded.wake();
      this.#turns.changed();
    }
    return removed;
  }

  /** Resolves when a handler has returned or a message backs off, or when the signal aborts. */
  change(signal: AbortSignal): Promise<void> {
    return this.#runEnded.wait(signal);
  }

  /** Resolves when no handler runs except overdue ones, or when the signal aborts. */
  async idle(signal: AbortSignal): Promise<void> {
    while (this.#runs.size > this.#overdue && !signal.aborted) await this.#runEnded.wait(signal);
  }

  /** Starts no more handlers, and cancels its timers. The caller has removed the messages that back off. */
  stop(): void {
    this.#open = false;
    this.#turns.leave(this);
    this.#deadlines.stop();
    this.#cancelBatchWait?.();
    this.#cancelPatience?.();
  }

  flush(): Promise<void> {
    return this.#events.flush();
  }

  /** Another consumer has changed in a way that suspects may have waited for. */
  othersChanged(): void {
    this.#restartPatience();
    this.pump();
  }

  /** The suspect that starts now: nothing goes before it here or in another consumer, or it has waited for long enough. */
  #dueSuspect(): HeldMessage | undefined {
    if (this.#queues.suspects === 0) return undefined;
    const next = this.#queues.nextSuspect(this.#turns.isForwards);
    if (next === undefined || this.#patienceOver) return next;
    // A message that backs off keeps its key taken. The messages behind it go before the suspect too.
    const isAlone =
      this.#queues.ready === 0 &&
      this.#runs.size === this.#overdue &&
      ![...this.#backingOff.keys()].some((held) => held.isFromCrash);
    if (this.#suspectsMayStart && isAlone && this.#turns.isTurnOf(this, next)) return next;
    this.#cancelPatience ??= this.#clock.after(SUSPECT_PATIENCE, () => {
      this.#patienceOver = true;
      this.pump();
    });
    return undefined;
  }

  /** Whether a batch may start: it is full, or has waited long enough. */
  #batchIsDue(): boolean {
    const { max, wait } = this.#plan;
    if (max === 1 || wait === 0 || this.#batchWaitOver || this.#queues.ready >= max) {
      this.#batchWaitOver = false;
      this.#cancelBatchWait?.();
      this.#cancelBatchWait = undefined;
      return true;
    }
    if (this.#queues.ready === 0) return false;
    this.#cancelBatchWait ??= this.#clock.after(wait, () => {
      this.#cancelBatchWait = undefined;
      this.#batchWaitOver = true;
      this.pump();
    });
    return false;
  }

  #startOne(held: HeldMessage): void {
    this.#slots -= 1;
    this.#clock.handling?.(1);
    held.begin();
    const ready = this.#events.prepare(held);
    if (ready === true) this.#run([held]);
    else if (ready === false) this.#startNone([held]);
    else void ready.then((late) => this.#startReady([held], [late]));
  }

  #startSuspect(held: HeldMessage): void {
    this.#queues.takeSuspect(held);
    this.#restartPatience();
    this.#suspect = held;
    this.#slots -= 1;
    this.#clock.handling?.(1);
    held.begin();
    void this.#events.prepareSuspect(held).then((ready) => this.#startReady([held], [ready]));
  }

  #startBatch(taken: readonly HeldMessage[]): void {
    this.#slots -= 1;
    this.#clock.handling?.(1);
    for (const held of taken) held.begin();
    const ready = taken.map((held) => this.#events.prepare(held));
    void Promise.all(ready.map(async (one) => one)).then((all) => this.#startReady(taken, all));
  }

  #startReady(taken: readonly HeldMessage[], ready: readonly boolean[]): void {
    // A message may have been lost while its body was read.
    const canRun = (held: HeldMessage, index: number): boolean => ready[index] === true && held.state === "running";
    const messages = taken.filter(canRun);
    const others = taken.filter((held, index) => !canRun(held, index));
    if (messages.length === 0) return this.#startNone(others);
    for (const held of others) this.#done(held);
    this.#run(messages);
    if (others.length > 0) this.pump();
  }

  #startNone(taken: readonly HeldMessage[]): void {
    const cameBack = taken.some((held) => held.isFromCrash);
    this.#slots += 1;
    this.#clock.handling?.(-1);
    for (const held of taken) this.#done(held);
    this.#freed(cameBack);
  }

  #run(messages: readonly HeldMessage[]): void {
    const run: Run = { messages, deadline: this.#clock.now() + this.#plan.timeout, overdue: false, slot: -1 };
    for (const held of messages) held.enterHandler();
    this.#runs.add(run);
    this.#deadlines.watch(run.deadline);
    try {
      const result = this.#plan.invoke(messages);
      if (!isThenable(result)) return this.#ended(run, undefined, false);
      result.then(
        () => this.#ended(run, undefined, false),
        (error: unknown) => this.#ended(run, error, true),
      );
    } catch (error) {
      this.#ended(run, error, true);
    }
  }

  #ended(run: Run, error: unknown, threw: boolean): void {
    const wasStuck = this.isStuck;
    const cameBack = run.messages.some((held) => held.isFromCrash);
    this.#runs.remove(run);
    this.#clock.handling?.(-1);
    if (run.overdue) this.#overdue -= 1;
    else this.#slots += 1;
    for (const held of run.messages) {
      if (threw) this.#events.threw(held, error);
      else this.#events.succeeded(held);
      held.leaveHandler();
      this.#done(held);
    }
    if (wasStuck && !this.isStuck) this.#events.stuckChanged(false);
    this.#freed(cameBack);
  }

  /** No handler has the message any more. It backs off, or its key is free. */
  #done(held: HeldMessage): void {
    this.#noLongerSuspect(held);
    const wait = held.takeRunAgainAfter();
    if (wait !== undefined && held.state !== "lost") this.runAgain(held, wait);
    else this.#queues.free(held);
  }

  #restartPatience(): void {
    this.#cancelPatience?.();
    this.#cancelPatience = undefined;
    this.#patienceOver = false;
  }

  #noLongerSuspect(held: HeldMessage): void {
    if (this.#suspect === held) this.#suspect = undefined;
  }

  /** A slot is free. `cameBack` says whether it had a message that suspects of other consumers may wait for. */
  #freed(cameBack: boolean): void {
    this.#restartPatience();
    this.pump();
    this.#runEnded.wake();
    if (cameBack) this.#turns.changed();
  }

  #late(run: Run): void {
    if (run.overdue) return;
    run.overdue = true;
    this.#overdue += 1;
    this.#slots += 1;
    const cameBack = run.messages.some((held) => held.isFromCrash);
    for (const held of run.messages) {
      this.#noLongerSuspect(held);
      this.#events.timedOut(held);
    }
    if (this.isStuck) this.#events.stuckChanged(true);
    this.#freed(cameBack);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value && typeof value.then === "function";
}
