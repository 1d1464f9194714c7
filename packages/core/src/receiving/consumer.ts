import type { Propagation } from "../api/connecting.ts";
import type { Consumer, ConsumerStats } from "../api/consuming.ts";
import type { MessageSource } from "../api/message.ts";
import { integer } from "../base/check.ts";
import { pause } from "../base/clock.ts";
import { BrokerError } from "../base/errors.ts";
import { aborted, cancelled, orAborted, Waiters } from "../base/wait.ts";
import type { SourceEntity } from "../contract/entities.ts";
import { describeEntity } from "../contract/entities.ts";
import { OWN } from "../contract/headers.ts";
import type { Link } from "../contract/link.ts";
import type { Delivery } from "../contract/message.ts";
import type { Connection } from "../link/connection.ts";
import type { Declarations } from "../link/declarations.ts";
import { traced } from "./deliver.ts";
import { Dispatcher } from "./dispatcher.ts";
import { failuresOf, Held } from "./held.ts";
import { Life } from "./life.ts";
import { Outcome } from "./outcome.ts";
import type { Plan } from "./plan.ts";
import { type Prepare, preparer } from "./prepare.ts";
import { type Report, reporter } from "./reporter.ts";
import { Suspects, verdict } from "./suspects.ts";

/** Waits between two tries to open a source again: 100 ms, doubled each time, to 30 s, with jitter. */
const REOPEN_INITIAL = 100;
const REOPEN_MAX = 30_000;
/** How long the broker may take over the last settlements and the end of the source when closing. */
const GOODBYE = 5_000;
/** Asked of a buffer that is being emptied. */
const ALL = 100_000;

/** What a consumer uses of its broker object. */
export interface ConsumerContext {
  readonly connection: Connection;
  readonly declarations: Declarations;
  readonly propagation: Propagation | undefined;
}

/** Reads one queue or subscription, across as many lives of its source as it takes. */
export class QueueConsumer implements Consumer {
  readonly #parts: ConsumerContext;
  readonly #entity: SourceEntity;
  readonly #plan: Plan;
  readonly #report: Report;
  readonly #outcome: Outcome;
  readonly #dispatcher: Dispatcher;
  readonly #suspects: Suspects;
  readonly #messageSource: MessageSource;
  readonly #stop = new AbortController();
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<BrokerError | undefined>();
  readonly #idle = new Waiters();
  readonly closed: Promise<BrokerError | undefined> = this.#closed.promise;
  #everOpen = false;
  #interrupt = new AbortController();
  #loop: Promise<void> = Promise.resolve();
  #life: Life | undefined;
  #closing: Promise<void> | undefined;
  #paused: { readonly reached: PromiseWithResolvers<void>; readonly over: AbortController } | undefined;

  constructor(parts: ConsumerContext, entity: SourceEntity, read: Prepare, plan: Plan) {
    const { connection, propagation } = parts;
    const { clock } = connection.context;
    this.#parts = parts;
    this.#entity = entity;
    this.#plan = plan;
    this.#report = reporter(plan.onError, `consumer of ${describeEntity(entity)}`);
    this.#suspects = new Suspects(clock);
    this.#messageSource =
      entity.kind === "queue" ? { queue: entity.name } : { topic: entity.topic.name, subscription: entity.name };
    const report = this.#report;
    const outcome = new Outcome({ plan, clock, connection, entity, report, dispatcher: () => this.#dispatcher });
    // Who called `consume` is told by `start`; nobody else waits for it.
    this.#opened.promise.catch(() => {});
    const invoke = traced(plan.invoke, this.#messageSource, propagation?.extract?.bind(propagation));
    this.#outcome = outcome;
    this.#dispatcher = new Dispatcher({ ...plan, invoke }, entity.ordered, clock, {
      prepare: preparer(entity, clock, read, report, outcome, (held) => this.#dispatcher.free(held)),
      succeeded: (held) => outcome.succeeded(held),
      threw: (held, error) => outcome.threw(held, error),
      timedOut: (held) => outcome.timedOut(held),
      stuck: () => {
        const message = `${describeEntity(entity)}: all ${plan.concurrency} handlers have run for more than ${plan.timeout} ms`;
        void this.#close(0, new BrokerError("TIMEOUT", message));
      },
      ended: () => this.#idle.wake(),
    });
  }

  /** Resolves when the source is open the first time. */
  async start(): Promise<this> {
    const { signal } = this.#plan;
    if (signal?.aborted === true) throw cancelled(`consuming ${describeEntity(this.#entity)}`, signal);
    signal?.addEventListener("abort", () => void this.close(), { once: true, signal: this.#stop.signal });
    this.#loop = this.#run();
    await this.#opened.promise;
    return this;
  }

  async pause(): Promise<void> {
    if (this.#closing !== undefined) return;
    this.#paused ??= { reached: Promise.withResolvers<void>(), over: new AbortController() };
    this.#dispatcher.hold();
    this.#interrupt.abort();
    await Promise.race([this.#paused.reached.promise, this.#closed.promise]);
  }

  async resume(): Promise<void> {
    const paused = this.#paused;
    if (paused === undefined || this.#closing !== undefined) return;
    this.#paused = undefined;
    const life = this.#life;
    if (life?.alive === true) await this.#guard(life, life.source.resume(life.signal));
    this.#dispatcher.open();
    paused.reached.resolve();
    paused.over.abort();
  }

  close(options: { readonly drainTimeout?: number } = {}): Promise<void> {
    return this.#close(integer("drainTimeout", options.drainTimeout, this.#plan.drainTimeout, 0), undefined);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  stats(): ConsumerStats {
    return { ...this.#outcome.counters, running: this.#dispatcher.running, waiting: this.#dispatcher.waiting };
  }

  /** Opens one life after the other. */
  async #run(): Promise<void> {
    const { connection } = this.#parts;
    const stop = this.#stop.signal;
    for (let tries = 0; !stop.aborted; ) {
      try {
        const life = await this.#open(await connection.up(stop, `consuming ${describeEntity(this.#entity)}`));
        tries = 0;
        this.#everOpen = true;
        this.#opened.resolve();
        for (; life.alive && !stop.aborted; await this.#rewindow(life)) await this.#read(life);
      } catch (error) {
        if (stop.aborted) break;
        const wrapped = connection.wrap(error, `consuming ${describeEntity(this.#entity)}`);
        const mayComeBack = this.#parts.declarations.gone(this.#entity, wrapped) && tries === 0;
        // The first opening's fault that no retry mends is the caller's to know.
        const hopeless = !this.#everOpen && !wrapped.retryable && !mayComeBack;
        if (hopeless) this.#opened.reject(wrapped);
        if (hopeless || wrapped.code === "CLOSED") return void this.#close(0, wrapped);
        this.#life?.end("reading failed");
        this.#report(wrapped);
        const wait = Math.min(REOPEN_MAX, REOPEN_INITIAL * 2 ** Math.min(tries, 20));
        tries += 1;
        await pause(connection.context.clock, wait * (0.5 + Math.random() / 2), stop);
      }
    }
  }

  async #open(link: Link): Promise<Life> {
    const entity = this.#entity;
    const { connection, declarations } = this.#parts;
    await declarations.ensure(link, entity);
    const window = this.#window();
    // Deliveries can be lost before the source that they came from is in our hands.
    const lostEarly: Delivery[] = [];
    let life: Life | undefined;
    const lost = (deliveries: readonly Delivery[]): void => {
      if (life === undefined) lostEarly.push(...deliveries);
      else life.takenBack(deliveries);
    };
    const opening = link.open(entity, { window }, lost, this.#stop.signal);
    const source = await connection.within(link, opening, this.#stop.signal).catch((error: unknown) => {
      // Should it open after all, nobody reads it any more.
      opening.then((late) => late.close(AbortSignal.timeout(GOODBYE))).catch(() => {});
      throw error;
    });
    life = new Life(source, window, this.#messageSource, connection.context.clock, {
      lost: (messages) => this.#lost(messages),
      failed: (error) => this.#report(connection.wrap(error, `renewing leases of ${describeEntity(entity)}`)),
    });
    life.takenBack(lostEarly);
    this.#life = life;
    this.#watch(life, link);
    return life;
  }

  #watch(life: Life, link: Link): void {
    const { connection, declarations } = this.#parts;
    const forget = connection.listen({ down: () => life.end("the connection was lost") });
    const over = (): void => {
      forget();
      // What has no link any more cannot end in good order: the driver only frees what it has.
      if (connection.link !== link) life.source.close(AbortSignal.abort(connection.lastError)).catch(() => {});
    };
    life.signal.addEventListener("abort", over, { once: true });
    if (connection.link !== link) life.end("the connection was lost");
    void life.source.lost.then((reason) => {
      if (!life.alive) return;
      declarations.forget(this.#entity);
      this.#report(connection.wrap(reason, `reading ${describeEntity(this.#entity)} was interrupted`));
      life.end("the source was lost");
    });
  }

  async #read(life: Life): Promise<void> {
    const stop = this.#stop.signal;
    let interrupt = this.#interrupt.signal;
    let signal = AbortSignal.any([life.signal, stop, interrupt]);
    while (life.alive && !stop.aborted && !this.#suspects.calm()) {
      if (this.#paused !== undefined) await this.#rest(life, this.#paused);
      if (interrupt.aborted) {
        this.#interrupt = new AbortController();
        interrupt = this.#interrupt.signal;
        signal = AbortSignal.any([life.signal, stop, interrupt]);
      } else if (life.held.size >= life.window) {
        await life.change(signal);
      } else {
        const answer = life.source.receive(life.window - life.held.size, signal);
        const deliveries = answer instanceof Promise ? await answer : answer;
        if (deliveries.length > 0 && this.#take(life, deliveries)) return;
        // Whatever the driver does, timers and sockets get their turn.
        if (deliveries.length === 0 || !(answer instanceof Promise)) await new Promise(setImmediate);
      }
    }
  }

  /** Takes deliveries in; true when the source must be opened anew, because of a suspect among them. */
  #take(life: Life, deliveries: readonly Delivery[]): boolean {
    if (!life.alive) return false;
    const narrow = this.#suspects.see(deliveries);
    for (const delivery of deliveries) {
      const held = this.#hold(life, delivery);
      const judged = verdict(delivery);
      if (narrow) this.#outcome.put(held, "release", "returned");
      else if (judged === "condemn") this.#outcome.bury(held, "crash-loop", undefined);
      else if (judged === "mark" && !this.#outcome.inPlace(held))
        this.#outcome.goRound(held, 0, { [OWN.suspect]: "1" });
      else this.#dispatcher.push(held);
    }
    if (!narrow) this.#dispatcher.pump();
    return narrow;
  }

  #hold(life: Life, delivery: Delivery): Held {
    const held = new Held(delivery, life, this.#outcome, failuresOf(delivery));
    // Failures that were only in a lost consumer's memory: the broker's count of hand-overs stands in for them.
    if (this.#outcome.inPlace(held)) held.failures = Math.max(held.failures, delivery.deliveries ?? 0);
    life.hold(held);
    return held;
  }

  #lost(messages: readonly Held[]): void {
    this.#outcome.counters.returned += messages.length;
    this.#dispatcher.remove((held) => held.state === "lost");
    if (this.#life?.alive !== true) return;
    for (const held of messages) {
      const message = `message ${held.id} of ${describeEntity(this.#entity)} is no longer held`;
      this.#report(new BrokerError("LEASE_LOST", message), held);
    }
  }

  /** Stays off the source until the pause is over. */
  async #rest(
    life: Life,
    paused: { readonly reached: PromiseWithResolvers<void>; readonly over: AbortController },
  ): Promise<void> {
    const until = AbortSignal.any([paused.over.signal, life.signal, this.#stop.signal]);
    if (this.#entity.ordered) await this.#untilIdle(until);
    // On an ordered source what rests goes back too: nobody is to pass it.
    await this.#giveBack(life, (held) => this.#entity.ordered || held.state === "waiting");
    paused.reached.resolve();
    await aborted(until);
  }

  /** Goes on with the window that suspects ask for: in place where the source can, else in another life. */
  async #rewindow(life: Life): Promise<void> {
    const stop = AbortSignal.any([life.signal, this.#stop.signal]);
    if (stop.aborted) return;
    if (this.#entity.ordered) await this.#untilIdle(stop);
    await this.#giveBack(life, () => true);
    if (life.source.resize !== undefined) {
      life.window = this.#window();
      await this.#guard(life, life.source.resize(life.window, life.signal));
      return this.#guard(life, life.source.resume(life.signal));
    }
    while (life.held.size > 0 && !stop.aborted) await life.change(stop);
    if (stop.aborted) return;
    life.end("the source was opened anew");
    await this.#goodbye(life);
  }

  #window(): number {
    return this.#suspects.narrow ? 1 : this.#plan.prefetch;
  }

  /** Stops intake, and gives back what no handler has begun. */
  async #giveBack(life: Life, which: (held: Held) => boolean): Promise<void> {
    const limit = AbortSignal.any([life.signal, AbortSignal.timeout(GOODBYE)]);
    await this.#guard(life, life.source.pause(limit));
    for (let more = true; more && life.alive; ) {
      const buffered = await life.source.receive(ALL, AbortSignal.abort());
      for (const delivery of buffered) this.#outcome.put(this.#hold(life, delivery), "release", "returned");
      more = buffered.length > 0;
    }
    for (const held of this.#dispatcher.remove(which)) this.#outcome.put(held, "release", "returned");
    await life.settled(limit);
  }

  async #guard(life: Life, step: Promise<void>): Promise<void> {
    try {
      await step;
    } catch (error) {
      if (!life.alive) return;
      this.#report(this.#parts.connection.wrap(error, `reading ${describeEntity(this.#entity)}`));
      life.end("the source did not obey");
    }
  }

  #close(drainTimeout: number, reason: BrokerError | undefined): Promise<void> {
    this.#closing ??= this.#shutDown(drainTimeout, reason);
    return this.#closing;
  }

  async #shutDown(drainTimeout: number, reason: BrokerError | undefined): Promise<void> {
    const late = new AbortController();
    const cancel = this.#parts.connection.context.clock.after(drainTimeout, () => late.abort());
    this.#dispatcher.hold();
    this.#stop.abort(new Error("the consumer is closing"));
    await this.#loop;
    this.#opened.reject(reason ?? cancelled(`consuming ${describeEntity(this.#entity)}`, this.#stop.signal));
    const life = this.#life;
    if (life?.alive === true) await this.#drain(life, late.signal);
    else await this.#untilIdle(late.signal);
    cancel();
    for (const held of this.#dispatcher.inHand()) held.abort(new BrokerError("CLOSED", "the consumer closed"));
    life?.end("the consumer closed");
    this.#dispatcher.stop();
    if (reason !== undefined && this.#everOpen) this.#report(reason);
    this.#closed.resolve(reason);
  }

  async #drain(life: Life, late: AbortSignal): Promise<void> {
    // Giving up the place on an ordered source while a handler runs would let another consumer overtake it.
    if (!this.#entity.ordered) await this.#giveBack(life, () => true);
    await this.#untilIdle(AbortSignal.any([late, life.signal]));
    for (const held of this.#dispatcher.inHand().filter((one) => one.state === "running")) {
      held.abort(new BrokerError("CLOSED", "the consumer is closing and its drain time is over"));
      this.#outcome.put(held, "release", "returned");
    }
    if (life.alive) await this.#giveBack(life, () => true);
    const wasAlive = life.alive;
    life.end("the consumer closed");
    if (wasAlive) await this.#goodbye(life);
  }

  async #goodbye(life: Life): Promise<void> {
    const limit = AbortSignal.timeout(GOODBYE);
    await orAborted(life.source.close(limit), limit).catch((error: unknown) => this.#report(error));
  }

  /** Resolves when no handler that has time left is running, or the signal aborts. */
  async #untilIdle(signal: AbortSignal): Promise<void> {
    while (this.#dispatcher.inTime > 0 && !signal.aborted) await this.#idle.wait(signal);
  }
}
