import { Bag, type Slotted } from "../base/bag.ts";
import type { BrokerError } from "../base/errors.ts";
import { Fifo } from "../base/fifo.ts";
import { type Destination, describeEntity } from "../contract/entities.ts";
import type { Link } from "../contract/link.ts";
import type { SendFailure } from "../contract/message.ts";
import type { Connection } from "../link/connection.ts";
import type { Declarations } from "../link/declarations.ts";
import type { PendingSend } from "./pending-send.ts";
import type { LinkWindow, SendWindow, WindowUser } from "./send-window.ts";
import { UnroutedWatch } from "./unrouted.ts";

/** Shared state of the lanes of an outbox. */
export interface LaneContext {
  readonly connection: Connection;
  readonly declarations: Declarations;
  readonly window: SendWindow;
  /** Called when a send has ended: the broker has the message or, with an error, the send has failed. */
  readonly ended: (send: PendingSend, error?: BrokerError) => void;
}

/** The sends of one call of the driver's `send`. */
interface Batch extends Slotted {
  readonly sends: readonly PendingSend[];
  readonly reported: boolean[];
  readonly toRetry: PendingSend[];
  readonly abort: AbortController;
  /** How many of the sends have not ended. */
  unfinished: number;
}

/** The wait before a lane retries, in ms: it doubles from 50 to 2000, and jitter shortens it by up to half. */
const RETRY_INITIAL = 50;
const RETRY_MAX = 2_000;
/** The lane removes ended sends from its list once there are this many and they are half of it. */
const SWEEP_FROM = 1_000;

/**
 * Keeps the order of the sends to one destination. A key is in at most one unresolved batch, and a retried send goes
 * before those that were called after it.
 */
export class SendLane implements WindowUser {
  readonly destination: Destination;
  readonly #context: LaneContext;
  readonly #waiting = new Fifo<PendingSend>();
  /** The keys of unresolved batches, each with the sends that wait behind it. */
  readonly #keys = new Map<string, PendingSend[]>();
  readonly #batches = new Bag<Batch>();
  readonly #unrouted: UnroutedWatch | undefined;
  #blocked = false;
  #declaredOn: Link | undefined;
  #failures = 0;
  #endedWaiting = 0;
  #cancelRetry = (): void => {};
  #lastFailure: BrokerError | undefined;

  constructor(context: LaneContext, destination: Destination) {
    this.#context = context;
    this.destination = destination;
    if (destination.kind === "topic") this.#unrouted = new UnroutedWatch(context.connection, destination.name);
  }

  /** Why the last attempt failed; undefined once a batch has gone through. */
  get lastFailure(): BrokerError | undefined {
    return this.#lastFailure;
  }

  get needsRoom(): boolean {
    return this.#waiting.size > 0 && !this.#blocked;
  }

  push(send: PendingSend): void {
    this.#waiting.push(send);
    this.#context.window.request(this);
  }

  /** A send has ended while it waited in this lane. */
  noteEndedWaiting(): void {
    this.#endedWaiting += 1;
    if (this.#endedWaiting < SWEEP_FROM || this.#endedWaiting * 2 < this.#waiting.size) return;
    this.#waiting.remove((send) => send.state === "done");
    this.#endedWaiting = 0;
  }

  /** A send that the driver may already have is given up. When all sends of its batch are, the batch is aborted. */
  abandon(send: PendingSend): void {
    for (const batch of this.#batches.all()) {
      const index = batch.sends.indexOf(send);
      if (index < 0 || batch.reported[index] === true) continue;
      batch.unfinished -= 1;
      if (batch.unfinished === 0) batch.abort.abort(new Error("every send of the batch has been given up"));
    }
  }

  /** Continues after a wait, a declaration or a reconnect. */
  unblock(): void {
    this.#blocked = false;
    this.#context.window.request(this);
  }

  stop(): void {
    this.#cancelRetry();
  }

  flush(): number {
    const { connection, declarations, window } = this.#context;
    const link = connection.link;
    if (link === undefined || this.#blocked || this.#waiting.size === 0) return 0;
    const declaring = this.#declaredOn === link ? undefined : declarations.ensure(link, this.destination);
    if (declaring !== undefined) {
      this.#blocked = true;
      declaring.then(
        () => this.unblock(),
        (error: BrokerError) => this.#declaringFailed(error),
      );
      return 0;
    }
    this.#declaredOn = link;
    const room = window.of(link);
    let sent = 0;
    while (room.hasRoom) {
      const sends = this.#take(room);
      if (sends.length === 0) break;
      sent += sends.length;
      void this.#dispatch(link, room, sends);
    }
    return sent;
  }

  /** The destination could not be declared. All sends wait for the next attempt, or fail. */
  #declaringFailed(error: BrokerError): void {
    this.#lastFailure = error;
    if (error.retryable) return this.#retryLater();
    this.#blocked = false;
    for (const send of this.#waiting.remove(() => true)) this.#context.ended(send, error);
  }

  #retryLater(): void {
    this.#blocked = true;
    const wait = Math.min(RETRY_MAX, RETRY_INITIAL * 2 ** Math.min(this.#failures, 10)) * (0.5 + Math.random() / 2);
    this.#failures += 1;
    this.#cancelRetry = this.#context.connection.context.clock.after(wait, () => this.unblock());
  }

  /** Takes the next batch out: what has room, without the keys of unresolved batches. Sends of those keys wait. */
  #take({ freeMessages, freeBytes }: LinkWindow): readonly PendingSend[] {
    const sends: PendingSend[] = [];
    const keysOfBatch = new Set<string>();
    let bytes = 0;
    for (
      let send = this.#waiting.peek();
      send !== undefined && sends.length < freeMessages;
      send = this.#waiting.peek()
    ) {
      if (sends.length > 0 && bytes + send.size > freeBytes) break;
      this.#waiting.shift();
      if (send.state === "done") continue;
      const { key } = send.message;
      if (key !== undefined && !keysOfBatch.has(key)) {
        const behind = this.#keys.get(key);
        behind?.push(send);
        if (behind !== undefined) continue;
        this.#keys.set(key, []);
        keysOfBatch.add(key);
      }
      send.markSent();
      bytes += send.size;
      sends.push(send);
    }
    return sends;
  }

  async #dispatch(link: Link, room: LinkWindow, sends: readonly PendingSend[]): Promise<void> {
    const batch: Batch = {
      sends,
      reported: [],
      toRetry: [],
      abort: new AbortController(),
      unfinished: sends.length,
      slot: -1,
    };
    this.#batches.add(batch);
    room.batchStarted(
      sends.length,
      sends.reduce((sum, { size }) => sum + size, 0),
    );
    const report = (index: number, failure?: SendFailure): void => {
      const send = sends[index];
      if (send === undefined || batch.reported[index] === true) return;
      batch.reported[index] = true;
      room.messageDone(send.size);
      if (send.state !== "done") this.#reported(batch, send, failure);
    };
    let thrown: unknown;
    try {
      const messages = sends.map((send) => send.message);
      this.#unrouted?.ask(messages);
      await link.send(this.destination, messages, report, batch.abort.signal);
    } catch (failure) {
      thrown = failure;
    }
    for (let index = 0; index < sends.length; index += 1) {
      if (batch.reported[index] === true) continue;
      const error = thrown ?? new Error("the driver did not report the outcome of the message");
      report(index, { error, outcomeUnknown: true });
    }
    room.batchDone();
    this.#batches.remove(batch);
    this.#finish(batch);
    this.#context.window.shareRoom();
  }

  #reported(batch: Batch, send: PendingSend, failure: SendFailure | undefined): void {
    batch.unfinished -= 1;
    if (failure === undefined) return this.#context.ended(send);
    send.markFailed(failure.outcomeUnknown);
    const { connection, declarations } = this.#context;
    const what = `sending to ${describeEntity(this.destination)}`;
    const error = connection.wrap(failure.error, what, send.mayBeAccepted);
    const mayDeclareAgain = declarations.forgetIfMissing(this.destination, error);
    if (mayDeclareAgain) this.#declaredOn = undefined;
    if (!error.retryable && !mayDeclareAgain) return this.#context.ended(send, error);
    this.#lastFailure = connection.wrap(failure.error, what);
    batch.toRetry.push(send);
  }

  /** Frees the keys of a batch. Its failed sends, and those that waited behind them, go back to the front. */
  #finish(batch: Batch): void {
    const front = [...batch.toRetry];
    for (const { message } of batch.sends) {
      if (message.key === undefined) continue;
      front.push(...(this.#keys.get(message.key) ?? []));
      this.#keys.delete(message.key);
    }
    if (batch.toRetry.length === 0) {
      this.#failures = 0;
      this.#lastFailure = undefined;
    }
    if (front.length === 0) return;
    this.#waiting.unshift(front.toSorted((a, b) => a.sequence - b.sequence));
    if (batch.toRetry.length > 0 && this.#context.connection.link !== undefined) this.#retryLater();
    else this.#context.window.request(this);
  }
}
