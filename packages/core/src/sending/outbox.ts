import type { Receipt } from "../api/sending.ts";
import { Bag } from "../base/bag.ts";
import { type Due, deadlineWatch } from "../base/deadlines.ts";
import { BrokerError } from "../base/errors.ts";
import { Waiters } from "../base/wait.ts";
import type { Destination } from "../contract/entities.ts";
import { describeEntity } from "../contract/entities.ts";
import type { Link } from "../contract/link.ts";
import type { OutgoingMessage, SendFailure } from "../contract/message.ts";
import type { Connection } from "../link/connection.ts";
import type { Declarations } from "../link/declarations.ts";
import { Lane } from "./outbox-lane.ts";
import type { Prepared } from "./outgoing.ts";

/** A message on its way, from the call of `send` until its fate is known. */
export interface Outgoing extends Due {
  readonly message: OutgoingMessage;
  readonly lane: Lane;
  readonly size: number;
  /** The order of the calls. */
  readonly turn: number;
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: BrokerError) => void;
  /** Whether the buffer was full when it came. */
  readonly crowded: boolean;
  state: "waiting" | "sent" | "done";
  /** Whether a try before may have been accepted. */
  maybeAccepted: boolean;
  unsubscribe: (() => void) | undefined;
}

/** How much is on its way. */
export interface Amount {
  messages: number;
  bytes: number;
  /** Calls of the driver that are running. */
  batches: number;
}

/** How much may wait. */
export type SendBuffer = Readonly<Pick<Amount, "messages" | "bytes">>;

/** What a message takes besides its body, roughly, in bytes. */
const OVERHEAD = 200;

/**
 * Collects what is sent at the same time and hands it over in batches: group commit. A lone message goes at once; no
 * timer is involved. What is retryable is tried again until its deadline.
 */
export class Outbox {
  readonly connection: Connection;
  readonly declarations: Declarations;
  readonly #limits: SendBuffer;
  readonly #deadlines: ReturnType<typeof deadlineWatch>;
  readonly #items = new Bag<Outgoing>();
  readonly #lanes = new Map<string, Lane>();
  /** Lanes with something to hand over; those that got no room the last time come first. */
  #due = new Set<Lane>();
  #scheduled = false;
  readonly #inFlight = new WeakMap<Link, Amount>();
  readonly #idle = new Waiters();
  #bytes = 0;
  #turns = 0;
  #closed = false;

  constructor(connection: Connection, declarations: Declarations, limits: SendBuffer) {
    this.connection = connection;
    this.declarations = declarations;
    this.#limits = limits;
    this.#deadlines = deadlineWatch(connection.context.clock, this.#items, (item) => this.#expire(item));
    const up = (): void => {
      for (const lane of this.#lanes.values()) lane.unblock();
    };
    connection.listen({ up });
  }

  lane(destination: Destination): Lane {
    const key = describeEntity(destination);
    const lane = this.#lanes.get(key) ?? new Lane(this, destination);
    this.#lanes.set(key, lane);
    return lane;
  }

  send(lane: Lane, { message, deadline, signal }: Prepared): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const size = message.body.length + OVERHEAD;
      if (this.#closed) return reject(this.connection.closedError(`sending to ${describeEntity(lane.destination)}`));
      // What comes to a full buffer may wait for room; when as much again is waiting it is refused at once.
      if (this.#over(size, 2)) return reject(this.#full());
      const item: Outgoing = {
        message,
        lane,
        size,
        turn: this.#turns++,
        deadline,
        resolve,
        reject,
        crowded: this.#over(size, 1),
        state: "waiting",
        maybeAccepted: false,
        unsubscribe: undefined,
        slot: -1,
      };
      this.#bytes += size;
      this.#items.add(item);
      this.#deadlines.watch(deadline);
      lane.push(item);
      if (signal !== undefined) this.#watch(item, signal);
      this.schedule(lane);
    });
  }

  /** The broker has it; or with an error it failed for good. */
  end(item: Outgoing, error?: BrokerError): void {
    if (item.state === "done") return;
    if (item.state === "waiting") item.lane.stale();
    item.state = "done";
    this.#items.remove(item);
    item.unsubscribe?.();
    this.#bytes -= item.size;
    if (error === undefined) item.resolve({ id: item.message.id });
    else item.reject(error);
    if (this.#items.size === 0) this.#idle.wake();
  }

  /** What a failed try means: an error to reject with, or undefined when it is to be tried again. */
  judge(item: Outgoing, failure: SendFailure): BrokerError | undefined {
    item.maybeAccepted ||= failure.outcomeUnknown;
    const { destination } = item.lane;
    const error = this.connection.wrap(failure.error, `sending to ${describeEntity(destination)}`, item.maybeAccepted);
    const gone = this.declarations.gone(destination, error);
    if (gone) item.lane.undeclared();
    return (!error.retryable && !gone) || this.#closed ? error : undefined;
  }

  /** Hands over what waits in the lane, after everything else of this turn has been said. */
  schedule(lane: Lane): void {
    this.#due.add(lane);
    this.roomAgain();
  }

  /** Room in the link's window is shared by all lanes: those that got none come before those that got some. */
  roomAgain(): void {
    if (this.#scheduled || this.#due.size === 0) return;
    this.#scheduled = true;
    queueMicrotask(() => {
      this.#scheduled = false;
      const lanes = this.#due;
      this.#due = new Set();
      const served: Lane[] = [];
      for (const lane of lanes) {
        if (lane.flush() > 0) served.push(lane);
        else if (lane.hungry) this.#due.add(lane);
      }
      for (const lane of served) if (lane.hungry) this.#due.add(lane);
    });
  }

  /** How much may be in flight on the link at once. */
  window(link: Link): Readonly<Amount> {
    const { messages, bytes, batches = Number.POSITIVE_INFINITY } = link.window;
    return { messages: Math.min(messages, this.#limits.messages), bytes: Math.min(bytes, this.#limits.bytes), batches };
  }

  /** How much is in flight on the link, over all lanes. */
  inFlight(link: Link): Amount {
    const known = this.#inFlight.get(link) ?? { messages: 0, bytes: 0, batches: 0 };
    this.#inFlight.set(link, known);
    return known;
  }

  /** Waits until nothing is on its way, or the signal aborts; then what is left fails with `CLOSED`. */
  async drain(signal: AbortSignal): Promise<void> {
    while (this.#items.size > 0 && !signal.aborted) await this.#idle.wait(signal);
    this.#closed = true;
    for (const item of this.#items.all()) {
      this.end(item, this.#unfinished(item, "CLOSED", "the broker object closed first", undefined));
    }
    this.#deadlines.stop();
    for (const lane of this.#lanes.values()) lane.stop();
  }

  #over(size: number, times: number): boolean {
    const { messages, bytes } = this.#limits;
    const count = this.#items.size;
    return count > 0 && (count >= messages * times || this.#bytes + size > bytes * times);
  }

  #expire(item: Outgoing): void {
    if (item.crowded && item.state === "waiting" && !item.maybeAccepted) return this.end(item, this.#full());
    const cause = this.connection.link === undefined ? this.connection.lastError : item.lane.lastFailure;
    const why = cause?.message ?? (item.state === "sent" ? "the broker did not confirm it" : "it was not taken");
    // A broker that has been full all the time is not the same to the caller as one that is silent.
    const full = item.state !== "sent" && cause?.code === "BACKPRESSURE";
    this.#abandon(item, this.#unfinished(item, full ? "BACKPRESSURE" : "TIMEOUT", `time is up: ${why}`, cause));
  }

  #watch(item: Outgoing, signal: AbortSignal): void {
    const abort = (): void => {
      this.#abandon(item, this.#unfinished(item, "CANCELLED", "it was cancelled", signal.reason));
    };
    if (signal.aborted) return abort();
    signal.addEventListener("abort", abort, { once: true });
    item.unsubscribe = () => signal.removeEventListener("abort", abort);
  }

  #abandon(item: Outgoing, error: BrokerError): void {
    this.end(item, error);
    item.lane.abandon(item);
  }

  #unfinished(item: Outgoing, code: BrokerError["code"], why: string, cause: unknown): BrokerError {
    const outcomeUnknown = item.state === "sent" || item.maybeAccepted;
    const retryable = code === "TIMEOUT" || code === "BACKPRESSURE";
    return new BrokerError(code, `sending to ${describeEntity(item.lane.destination)}: ${why}`, {
      retryable,
      outcomeUnknown,
      cause,
    });
  }

  #full(): BrokerError {
    const { messages, bytes } = this.#limits;
    const message = `the send buffer (${messages} messages, ${bytes} bytes) is full: await the sends, or send less at once`;
    return new BrokerError("BACKPRESSURE", message, { retryable: true });
  }
}
