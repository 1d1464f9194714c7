import type { Propagation } from "../api/connecting.ts";
import type { Consumer, ConsumerHealth, ConsumerStats } from "../api/consuming.ts";
import type { MessageSource } from "../api/message.ts";
import { checkKeys, integer } from "../base/check.ts";
import { abortAfter, pause } from "../base/clock.ts";
import { BrokerError, reasonOf } from "../base/errors.ts";
import { withTimeLimit } from "../base/time-limit.ts";
import { cancelled } from "../base/wait.ts";
import { describeEntity, type SourceEntity } from "../contract/entities.ts";
import type { Link } from "../contract/link.ts";
import type { Delivery } from "../contract/message.ts";
import type { Source } from "../contract/source.ts";
import type { Connection } from "../link/connection.ts";
import type { Declarations } from "../link/declarations.ts";
import { Dispatcher } from "./dispatcher.ts";
import { traced } from "./handler-tracing.ts";
import type { HeldMessage } from "./held-message.ts";
import { Holdings } from "./holdings.ts";
import { PauseGate } from "./pause-gate.ts";
import type { Plan } from "./plan.ts";
import { preparer, type ReadBody } from "./prepare.ts";
import { ReadSession } from "./read-session.ts";
import type { Recollections } from "./recollections.ts";
import { type ReportError, Reporter } from "./reporter.ts";
import type { RetryMeans } from "./retry-decision.ts";
import { Settler } from "./settler.ts";
import type { SuspectTurns } from "./suspect-turns.ts";

/**
 * Waits between two tries to open a source again: 100 ms, doubled each time, with jitter; up to 2 s after an error that may
 * pass, up to 30 s after one that needs a person to mend it.
 */
const REOPEN_INITIAL = 100;
const REOPEN_MAX = 2_000;
const REOPEN_MAX_UNMENDED = 30_000;
/** How long after the end of a source the end of its connection is taken for the cause, in ms. */
const SAME_OUTAGE = 100;
/** How long a source that opened too late to be read may take to close, in ms. */
const CLOSE_TIMEOUT = 5_000;

/** The parts of its broker object that a consumer uses. */
export interface ConsumerContext {
  readonly connection: Connection;
  readonly declarations: Declarations;
  readonly propagation: Propagation | undefined;
  /** Knowledge of this process about messages of this source that it lost. */
  readonly recollections: Recollections<HeldMessage>;
  /** The turns of suspects among all consumers of the broker object. */
  readonly turns: SuspectTurns;
}

/** Consumes one queue or subscription. Opens a new read session whenever one ends, until it is closed. */
export class SourceConsumer implements Consumer {
  readonly #connection: Connection;
  readonly #declarations: Declarations;
  readonly entity: SourceEntity;
  readonly #plan: Plan;
  readonly #reporter: Reporter;
  readonly #report: ReportError;
  readonly #settler: Settler;
  readonly #dispatcher: Dispatcher;
  readonly #recollections: Recollections<HeldMessage>;
  readonly #turns: SuspectTurns;
  readonly #messageSource: MessageSource;
  readonly #gate = new PauseGate();
  readonly #stop = new AbortController();
  readonly #opened = Promise.withResolvers<void>();
  readonly #closed = Promise.withResolvers<BrokerError | undefined>();
  readonly closed: Promise<BrokerError | undefined> = this.#closed.promise;
  /** Aborts when the drain time is over. */
  readonly #late = new AbortController();
  #everOpen = false;
  #loop: Promise<void> = Promise.resolve();
  #session: ReadSession | undefined;
  #closing: Promise<void> | undefined;
  /** When the state that `health` shows began, in ms since 1970. */
  #stateSince: number;
  /** Why the source is not open, although the connection is up. */
  #openingReason: string | undefined;
  /** Resolves when the last interruption has been reported. */
  #interruption: Promise<void> = Promise.resolve();

  constructor(context: ConsumerContext, entity: SourceEntity, read: ReadBody, plan: Plan) {
    const { connection, declarations, propagation, recollections, turns } = context;
    const { clock } = connection.context;
    this.#connection = connection;
    this.#stateSince = clock.now();
    this.#declarations = declarations;
    this.entity = entity;
    this.#plan = plan;
    const consumer = `consumer of ${describeEntity(entity)}`;
    const reporter = new Reporter({ consumer, onError: plan.onError, log: connection.log, clock });
    const { report } = reporter;
    this.#reporter = reporter;
    this.#report = report;
    this.#recollections = recollections;
    this.#turns = turns;
    this.#messageSource =
      entity.kind === "queue" ? { queue: entity.name } : { topic: entity.topic.name, subscription: entity.name };
    // `start` reports a failed opening to the caller of `consume`. Without it this would be an unhandled rejection.
    this.#opened.promise.catch(() => {});
    const settler = new Settler({
      plan,
      clock,
      connection,
      entity,
      report,
      deadLettered: (held, reason) => reporter.deadLettered(held, reason),
      remember: (held) => this.#remember(held),
      runAgain: (held, wait) => this.#dispatcher.runAgain(held, wait),
    });
    this.#settler = settler;
    const invoke = traced(plan.invoke, connection.log.broker, this.#messageSource, propagation);
    this.#dispatcher = new Dispatcher({ ...plan, invoke }, entity.ordered, clock, turns, {
      ...preparer(clock, read, report, settler, turns),
      succeeded: (held) => settler.succeed(held),
      threw: (held, error) => settler.fail(held, error),
      timedOut: (held) => settler.timeOut(held),
      flush: async () => this.#session?.flush(),
      stuckChanged: (isStuck) => this.#stuckChanged(isStuck),
    });
  }

  /** Starts reading. Resolves when the source is open for the first time. */
  async start(): Promise<this> {
    const { signal } = this.#plan;
    if (signal?.aborted === true) {
      await this.close();
      throw cancelled(`consuming ${describeEntity(this.entity)}`, signal);
    }
    signal?.addEventListener("abort", () => void this.close(), { once: true, signal: this.#stop.signal });
    this.#turns.waitFor(this.#opened.promise);
    this.#loop = this.#run();
    await this.#opened.promise;
    return this;
  }

  async pause(): Promise<void> {
    if (this.#closing !== undefined) return;
    if (this.#gate.pause === undefined) this.#stateChanged("pauses");
    this.#dispatcher.hold();
    await Promise.race([this.#gate.close(), this.#closed.promise]);
  }

  async resume(): Promise<void> {
    if (this.#closing !== undefined) return;
    const paused = this.#gate.open();
    if (paused === undefined) return;
    this.#stateChanged("goes on after a pause");
    await this.#session?.resume();
    this.#dispatcher.open();
    paused.reached.resolve();
    paused.over.abort();
  }

  async close(options: { readonly drainTimeout?: number | undefined } = {}): Promise<void> {
    checkKeys("close", options, ["drainTimeout"]);
    return this.#close(integer("drainTimeout", options.drainTimeout, this.#plan.drainTimeout, 0), undefined);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const { clock } = this.#connection.context;
    if (clock.manual !== true) return this.close();
    const closed = this.#close(0, undefined);
    // Also ends a drain that began earlier.
    abortAfter(clock, 0, this.#late);
    await closed;
  }

  stats(): ConsumerStats {
    return { ...this.#settler.counters, running: this.#dispatcher.running, waiting: this.#dispatcher.waiting };
  }

  /** The entry of this consumer in the health of its broker object. */
  health(): ConsumerHealth {
    const { running, waiting } = this.#dispatcher;
    const state = this.#state();
    const whyOpening = this.#connection.lastError?.message ?? this.#openingReason;
    const reason = state === "stuck" ? this.#stuckReason : state === "opening" ? whyOpening : undefined;
    return { source: this.#messageSource, state, since: new Date(this.#stateSince), running, waiting, reason };
  }

  #state(): ConsumerHealth["state"] {
    if (this.#closing !== undefined) return "closed";
    if (this.#dispatcher.isStuck) return "stuck";
    if (this.#gate.pause !== undefined) return "paused";
    return this.#session?.alive === true ? "reading" : "opening";
  }

  /** `now` says for the log what the consumer does. Without it the state is reported elsewhere. */
  #stateChanged(now?: string): void {
    const { context, log } = this.#connection;
    this.#stateSince = context.clock.now();
    if (now !== undefined) log.info(`the consumer of ${describeEntity(this.entity)} ${now}`);
  }

  get #stuckReason(): string {
    const { concurrency, timeout } = this.#plan;
    const handlers = concurrency === 1 ? "the handler has" : `all ${concurrency} handlers have`;
    return `${handlers} run for more than ${timeout} ms; no message is taken until one returns`;
  }

  #stuckChanged(isStuck: boolean): void {
    this.#stateChanged(isStuck ? undefined : "goes on: a handler has returned");
    if (!isStuck) return;
    this.#report(new BrokerError("TIMEOUT", `${describeEntity(this.entity)}: ${this.#stuckReason}`));
    this.#gate.interruptRead();
  }

  /** Opens one read session after the other. */
  async #run(): Promise<void> {
    const connection = this.#connection;
    const stop = this.#stop.signal;
    const what = `consuming ${describeEntity(this.entity)}`;
    for (let tries = 0; !stop.aborted; ) {
      try {
        const session = await this.#open(await connection.up(stop, what));
        tries = 0;
        if (this.#everOpen) void this.#interruption.then(() => this.#reporter.readsAgain());
        this.#stateChanged(this.#everOpen ? undefined : "reads");
        this.#everOpen = true;
        this.#openingReason = undefined;
        this.#opened.resolve();
        await session.run();
      } catch (error) {
        if (stop.aborted) break;
        const wrapped = connection.wrap(error, what);
        const mayComeBack = this.#declarations.forgetIfMissing(this.entity, wrapped) && tries === 0;
        // If retrying cannot help with the first opening, `consume` rejects.
        const cannotOpen = !this.#everOpen && !wrapped.retryable && !mayComeBack;
        if (cannotOpen) this.#opened.reject(wrapped);
        if (cannotOpen || wrapped.code === "CLOSED") return void this.#close(0, wrapped);
        this.#report(wrapped);
        this.#openingReason = wrapped.message;
        await this.#session?.fail("reading failed");
        const max = wrapped.retryable || mayComeBack ? REOPEN_MAX : REOPEN_MAX_UNMENDED;
        const wait = Math.min(max, REOPEN_INITIAL * 2 ** Math.min(tries, 20));
        tries += 1;
        await pause(connection.context.clock, wait * (0.5 + Math.random() / 2), stop);
      }
    }
  }

  async #open(link: Link): Promise<ReadSession> {
    const entity = this.entity;
    await this.#declarations.ensure(link, entity);
    const window = this.#plan.prefetch;
    // The driver may report lost deliveries before `open` has resolved.
    const lostEarly: Delivery[] = [];
    let holdings: Holdings | undefined;
    const lost = (deliveries: readonly Delivery[]): void => {
      if (holdings === undefined) lostEarly.push(...deliveries);
      else holdings.takenBack(deliveries);
    };
    const giveBack = async (deliveries: readonly Delivery[]): Promise<void> => this.#session?.giveBack(deliveries);
    const opening = link.open(entity, { window, giveBack }, lost, this.#stop.signal);
    const closeLate = (late: Source): Promise<void> => withTimeLimit(CLOSE_TIMEOUT, (limit) => late.close(limit));
    const source = await this.#connection.within(link, opening, this.#stop.signal, closeLate);
    holdings = this.#holdingsOf(source);
    holdings.takenBack(lostEarly);
    const session = new ReadSession(
      {
        entity,
        connection: this.#connection,
        dispatcher: this.#dispatcher,
        settler: this.#settler,
        recollections: this.#recollections,
        gate: this.#gate,
        report: this.#report,
        stop: this.#stop.signal,
        window,
      },
      holdings,
    );
    this.#session = session;
    this.#watch(session, source, link);
    return session;
  }

  #holdingsOf(source: Source): Holdings {
    const { capabilities, context } = this.#connection;
    const retryMeans: RetryMeans = {
      hasReturnQueue: source.returns,
      holdsKeyBack: this.entity.ordered && capabilities.ordering === "strict",
      canDelayCopies: capabilities.retryDelay !== "none",
    };
    const entity = describeEntity(this.entity);
    const own = this.entity.kind === "subscription" ? this.entity : undefined;
    const filter = (source.storedFilter ?? own)?.filter;
    return new Holdings(source, this.#messageSource, retryMeans, filter, context.clock, {
      lost: (messages) => this.#lost(messages),
      leasesEnded: () => this.#leasesEnded(),
      failed: (error, doing) => this.#report(this.#connection.wrap(error, `${doing} of ${entity}`)),
    });
  }

  /** Ends the session when its link or its source ends. */
  #watch(session: ReadSession, source: Source, link: Link): void {
    const connection = this.#connection;
    const forget = connection.listen({ down: () => session.end("the connection was lost") });
    const over = (): void => {
      forget();
      this.#stateChanged();
      // Without its link a source cannot close gracefully. The driver only frees what the source still has.
      if (connection.link !== link) source.close(AbortSignal.abort(connection.lastError)).catch(() => {});
    };
    session.signal.addEventListener("abort", over, { once: true });
    if (connection.link !== link) session.end("the connection was lost");
    void source.lost.then((reason) => {
      if (!session.alive) return;
      this.#declarations.forget(this.entity);
      const { code, retryable } = connection.wrap(reason, "");
      const text = `reading ${describeEntity(this.entity)} was interrupted: ${reasonOf(reason)}`;
      this.#openingReason = text;
      session.end("the source was lost");
      this.#interruption = this.#reportUnlessLost(link, new BrokerError(code, text, { retryable, cause: reason }));
    });
  }

  /** Sources may notice the end of a connection before it does. The connection tells of it once, for all of them. */
  async #reportUnlessLost(link: Link, interruption: BrokerError): Promise<void> {
    await pause(this.#connection.context.clock, SAME_OUTAGE, this.#stop.signal);
    if (this.#connection.link === link) this.#report(interruption);
  }

  #lost(messages: readonly HeldMessage[]): void {
    this.#settler.counters.returned += messages.length;
    for (const held of messages) this.#remember(held);
    this.#dispatcher.remove((held) => held.state === "lost");
    if (this.#session?.alive !== true) return;
    for (const held of messages) {
      const message = `message ${held.id} of ${describeEntity(this.entity)} is no longer held`;
      this.#report(new BrokerError("LEASE_LOST", message), held);
    }
  }

  /**
   * On an ordered source another consumer may have the message now, and what is behind it here must not overtake it. So
   * all that is held goes back, and the source is opened again.
   */
  #leasesEnded(): void {
    if (!this.entity.ordered || this.#session?.alive !== true) return;
    const message = `reading ${describeEntity(this.entity)} begins again: a lease was not renewed in time`;
    this.#report(new BrokerError("LEASE_LOST", message));
    void this.#session.fail("a lease was lost");
  }

  #remember(held: HeldMessage): void {
    const identity = held.remembered() ? held.holder.identify(held) : undefined;
    if (identity !== undefined) this.#recollections.remember(identity, held.recollection);
  }

  #close(drainTimeout: number, reason: BrokerError | undefined): Promise<void> {
    if (this.#closing === undefined) this.#stateChanged("closes");
    this.#closing ??= this.#shutDown(drainTimeout, reason);
    return this.#closing;
  }

  async #shutDown(drainTimeout: number, reason: BrokerError | undefined): Promise<void> {
    const late = this.#late;
    const cancel = abortAfter(this.#connection.context.clock, drainTimeout, late);
    this.#dispatcher.hold();
    this.#stop.abort(new Error("the consumer is closing"));
    await this.#loop;
    this.#opened.reject(reason ?? cancelled(`consuming ${describeEntity(this.entity)}`, this.#stop.signal));
    const session = this.#session;
    if (session?.alive === true) await session.drain(late.signal);
    else await this.#dispatcher.idle(late.signal);
    cancel();
    for (const held of this.#dispatcher.inHandlers()) held.abort(new BrokerError("CLOSED", "the consumer closed"));
    session?.end("the consumer closed");
    this.#dispatcher.stop();
    if (reason !== undefined && this.#everOpen) this.#report(reason);
    this.#closed.resolve(reason);
  }
}
