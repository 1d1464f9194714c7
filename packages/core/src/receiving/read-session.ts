import { BrokerError } from "../base/errors.ts";
import { withTimeLimit } from "../base/time-limit.ts";
import { aborted, orAborted } from "../base/wait.ts";
import { describeEntity, type SourceEntity } from "../contract/entities.ts";
import type { Delivery } from "../contract/message.ts";
import type { Source } from "../contract/source.ts";
import type { Connection } from "../link/connection.ts";
import type { Dispatcher } from "./dispatcher.ts";
import { HeldMessage } from "./held-message.ts";
import type { Holdings } from "./holdings.ts";
import type { Pause, PauseGate } from "./pause-gate.ts";
import type { Recollection, Recollections } from "./recollections.ts";
import type { ReportError } from "./reporter.ts";
import type { Settler } from "./settler.ts";

/** The parts of its consumer that a read session uses. */
export interface SessionContext {
  readonly entity: SourceEntity;
  readonly connection: Connection;
  readonly dispatcher: Dispatcher;
  readonly settler: Settler;
  readonly recollections: Recollections<HeldMessage>;
  readonly gate: PauseGate;
  readonly report: ReportError;
  /** Aborts when the consumer closes. */
  readonly stop: AbortSignal;
  /** The largest number of unsettled deliveries to hold. */
  readonly window: number;
}

/** How long the last settlements and the close of a source may take, in ms. */
const CLOSE_TIMEOUT = 5_000;
/** For how long more messages are read before suspects start, in ms. */
const GATHER_TIME = 100;
/** More deliveries than any driver buffers. */
const ALL = 100_000;

const everything = (): true => true;

/** Reads one open source until it ends or is closed, and passes its messages to the dispatcher as the window allows. */
export class ReadSession {
  readonly #context: SessionContext;
  readonly #source: Source;
  readonly #holdings: Holdings;

  constructor(context: SessionContext, holdings: Holdings) {
    this.#context = context;
    this.#source = holdings.source;
    this.#holdings = holdings;
  }

  get alive(): boolean {
    return this.#holdings.alive;
  }

  /** Aborts when this session has ended. */
  get signal(): AbortSignal {
    return this.#holdings.signal;
  }

  /** Ends the session. All its messages are lost. */
  end(why: string): void {
    this.#holdings.end(why);
  }

  /** Resolves when the broker has every ack so far, or the session has ended. */
  flush(): Promise<void> {
    return this.#holdings.flush();
  }

  /** Reads until the session or the consumer ends. */
  async run(): Promise<void> {
    const { stop, gate, dispatcher, window } = this.#context;
    const holdings = this.#holdings;
    let interrupt = gate.interrupt();
    let signal = AbortSignal.any([this.signal, stop, interrupt]);
    while (this.alive && !stop.aborted) {
      if (gate.pause !== undefined) await this.#stayPaused(gate.pause);
      if (interrupt.aborted) {
        interrupt = gate.interrupt();
        signal = AbortSignal.any([this.signal, stop, interrupt]);
      } else if (dispatcher.isStuck) {
        await this.#waitWhileStuck(signal);
      } else if (dispatcher.suspects > 0) {
        await this.#gatherNeighbours(signal);
        // More messages would only share the evidence of another crash.
        await dispatcher.dealWithSuspects(signal);
      } else if (holdings.size >= window) {
        await holdings.change(signal);
      } else {
        const received = this.#source.receive(window - holdings.size, signal);
        const deliveries = received instanceof Promise ? await received : received;
        if (deliveries.length > 0) this.#take(deliveries);
        // Gives timers and sockets their turn, even if the driver always returns at once.
        if (deliveries.length === 0 || !(received instanceof Promise)) await new Promise(setImmediate);
      }
    }
  }

  /** Ends a pause of the source. */
  async resume(): Promise<void> {
    if (this.alive) await this.#orEnd(this.#source.resume(this.signal));
  }

  /** Ends the session because its source does not work, and closes the source. */
  async fail(why: string): Promise<void> {
    const { connection } = this.#context;
    const { link } = connection;
    if (!this.alive || link === undefined) return;
    this.end(why);
    const closing = withTimeLimit(CLOSE_TIMEOUT, (limit) => connection.within(link, this.#source.close(limit), limit));
    // The failure of the source has been reported. That of its close would say nothing more.
    await closing.catch(() => {});
  }

  /** Gives back these messages, those of running handlers when they have returned. Resolves when none of them is held. */
  async giveBack(deliveries: readonly Delivery[]): Promise<void> {
    const { dispatcher, settler } = this.#context;
    const wanted = new Set(deliveries);
    while (this.#holdings.holdsAny(wanted)) {
      // What failed in a running handler backs off now.
      for (const held of dispatcher.remove(({ delivery }) => wanted.has(delivery))) settler.release(held);
      await Promise.race([this.#holdings.change(this.signal), dispatcher.change(this.signal)]);
    }
  }

  /** Waits for running handlers until `late` aborts, gives back all other messages, and closes the source. */
  async drain(late: AbortSignal): Promise<void> {
    const { entity, dispatcher, settler } = this.#context;
    // On an ordered source another consumer could overtake the running handlers, so they finish first.
    if (!entity.ordered) await this.#giveBack(everything);
    await dispatcher.idle(AbortSignal.any([late, this.signal]));
    for (const held of dispatcher.inHandlers().filter((one) => one.state === "running")) {
      held.abort(new BrokerError("CLOSED", "the consumer is closing and its drain time is over"));
      settler.release(held);
    }
    if (this.alive) await this.#giveBack(everything);
    const wasAlive = this.alive;
    this.end("the consumer closed");
    if (wasAlive) await this.#closeSource();
  }

  /** Every slot has an overdue handler. What has not started goes to other consumers, unless it must keep its order. */
  async #waitWhileStuck(signal: AbortSignal): Promise<void> {
    const { entity, dispatcher, gate, stop } = this.#context;
    if (entity.ordered) return dispatcher.unstuck(signal);
    await this.#giveBack((held) => held.state === "waiting");
    await dispatcher.unstuck(signal);
    // A pause that was requested meanwhile ends with a resume of its own.
    if (gate.pause === undefined && !stop.aborted && !dispatcher.isStuck) await this.resume();
  }

  /** Reads for a moment what was delivered together with suspects, so that it is handled before them. */
  async #gatherNeighbours(signal: AbortSignal): Promise<void> {
    const { connection, window } = this.#context;
    const late = new AbortController();
    const cancel = connection.context.clock.after(GATHER_TIME, () => late.abort());
    const until = AbortSignal.any([signal, late.signal]);
    try {
      while (!until.aborted && this.#holdings.size < window) {
        this.#take(await this.#source.receive(window - this.#holdings.size, until));
        await new Promise(setImmediate);
      }
    } finally {
      cancel();
    }
  }

  #take(deliveries: readonly Delivery[]): void {
    if (!this.alive) return;
    const { dispatcher } = this.#context;
    for (const delivery of deliveries) {
      const held = this.#hold(delivery);
      if (held !== undefined) dispatcher.push(held);
    }
    dispatcher.pump();
  }

  /** Undefined when this process has dealt with the message before, and its settlement did not get through. */
  #hold(delivery: Delivery): HeldMessage | undefined {
    const { settler } = this.#context;
    const recollection = this.#recall(delivery);
    const held = new HeldMessage(delivery, this.#holdings, settler, recollection);
    this.#holdings.add(held);
    if (recollection?.settleAgain === undefined) return held;
    recollection.settleAgain(held);
    return undefined;
  }

  #recall(delivery: Delivery): Recollection<HeldMessage> | undefined {
    const { recollections } = this.#context;
    if (recollections.isEmpty) return undefined;
    const identity = this.#source.identify?.(delivery, false);
    return identity === undefined ? undefined : recollections.recall(identity, delivery.deliveries);
  }

  /** Pauses the source until the pause is over. */
  async #stayPaused(pause: Pause): Promise<void> {
    const { entity, dispatcher, stop } = this.#context;
    const until = AbortSignal.any([pause.over.signal, this.signal, stop]);
    if (entity.ordered) await dispatcher.idle(until);
    if (until.aborted) return;
    // On an ordered source messages that back off go back too, because none of their key may overtake them.
    await this.#giveBack((held) => entity.ordered || held.state === "waiting");
    pause.reached.resolve();
    await aborted(until);
  }

  /** Pauses the source, and gives back its buffer and the matching messages that no handler has begun. */
  #giveBack(matches: (held: HeldMessage) => boolean): Promise<void> {
    return withTimeLimit(CLOSE_TIMEOUT, (limit) => this.#giveBackUntil(AbortSignal.any([this.signal, limit]), matches));
  }

  async #giveBackUntil(limit: AbortSignal, matches: (held: HeldMessage) => boolean): Promise<void> {
    const { dispatcher, settler } = this.#context;
    await this.#orEnd(this.#source.pause(limit));
    for (let more = true; more && this.alive; ) {
      const buffered = await this.#source.receive(ALL, AbortSignal.abort());
      for (const delivery of buffered) {
        const held = this.#hold(delivery);
        if (held !== undefined) settler.release(held);
      }
      more = buffered.length > 0;
    }
    for (const held of dispatcher.remove(matches)) settler.release(held);
    await this.#holdings.settled(limit);
  }

  /** Waits for an operation of the source. A failure ends the session and closes the source. */
  async #orEnd(operation: Promise<void>): Promise<void> {
    try {
      await operation;
    } catch (error) {
      if (!this.alive) return;
      const { connection, entity, report } = this.#context;
      report(connection.wrap(error, `reading ${describeEntity(entity)}`));
      await this.fail("the source failed");
    }
  }

  async #closeSource(): Promise<void> {
    const { connection, entity, report } = this.#context;
    await withTimeLimit(CLOSE_TIMEOUT, (limit) => orAborted(this.#source.close(limit), limit)).catch((error: unknown) =>
      report(connection.wrap(error, `closing the consumer of ${describeEntity(entity)}`)),
    );
  }
}
