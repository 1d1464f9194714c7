import type { Receipt } from "../api/sending.ts";
import { Bag } from "../base/bag.ts";
import { deadlineWatch } from "../base/deadlines.ts";
import { BrokerError } from "../base/errors.ts";
import { Waiters } from "../base/wait.ts";
import { type Destination, describeEntity } from "../contract/entities.ts";
import type { Connection } from "../link/connection.ts";
import type { Declarations } from "../link/declarations.ts";
import { PendingSend, sizeOf } from "./pending-send.ts";
import type { Prepared } from "./prepare-send.ts";
import { type LaneContext, SendLane } from "./send-lane.ts";
import { type SendBuffer, SendWindow } from "./send-window.ts";

/**
 * Holds every send of a broker object from its call until its end. It limits how many can wait, and fails those that
 * the broker has not accepted by their deadline. Lanes hand messages to the driver in batches, as far as the window has
 * room.
 */
export class Outbox {
  readonly #connection: Connection;
  readonly #limits: SendBuffer;
  readonly #laneContext: LaneContext;
  readonly #sends = new Bag<PendingSend>();
  readonly #deadlines: ReturnType<typeof deadlineWatch>;
  readonly #lanes = new Map<string, SendLane>();
  readonly #idle = new Waiters();
  #bytes = 0;
  #sequence = 0;
  #closed = false;

  constructor(connection: Connection, declarations: Declarations, limits: SendBuffer) {
    this.#connection = connection;
    this.#limits = limits;
    this.#laneContext = {
      connection,
      declarations,
      window: new SendWindow(limits),
      ended: (send, error) => this.#end(send, error),
    };
    this.#deadlines = deadlineWatch(connection.context.clock, this.#sends, (send) => this.#expire(send));
    const up = (): void => {
      for (const lane of this.#lanes.values()) lane.unblock();
    };
    connection.listen({ up });
    connection.wantedBy(() => this.#sends.size > 0);
  }

  lane(destination: Destination): SendLane {
    const name = describeEntity(destination);
    const lane = this.#lanes.get(name) ?? new SendLane(this.#laneContext, destination);
    this.#lanes.set(name, lane);
    return lane;
  }

  send(lane: SendLane, { message, deadline, signal }: Prepared): Promise<Receipt> {
    return new Promise((resolve, reject) => {
      const size = sizeOf(message);
      if (this.#closed) return reject(this.#connection.closedError(`sending to ${describeEntity(lane.destination)}`));
      // A send that finds the buffer full waits for room. Beyond twice the limit it is refused at once.
      if (this.#isOver(size, 2)) return reject(this.#full());
      const foundBufferFull = this.#isOver(size, 1);
      const promise = { resolve, reject };
      const send = new PendingSend(lane.destination, message, deadline, this.#sequence++, foundBufferFull, promise);
      this.#bytes += size;
      this.#sends.add(send);
      this.#deadlines.watch(deadline);
      if (signal !== undefined) send.watch(signal, () => this.#cancel(send, signal));
      lane.push(send);
      this.#connection.hurry();
    });
  }

  /** Resolves when every send has ended. When the signal aborts, the remaining ones fail with `CLOSED`. */
  async drain(signal: AbortSignal): Promise<void> {
    while (this.#sends.size > 0 && !signal.aborted) await this.#idle.wait(signal);
    this.#closed = true;
    for (const send of this.#sends.all()) {
      this.#end(send, unfinished(send, "CLOSED", "the broker object closed first", undefined));
    }
    this.#deadlines.stop();
    for (const lane of this.#lanes.values()) lane.stop();
  }

  #isOver(size: number, times: number): boolean {
    const { messages, bytes } = this.#limits;
    const count = this.#sends.size;
    return count > 0 && (count >= messages * times || this.#bytes + size > bytes * times);
  }

  #end(send: PendingSend, error?: BrokerError): void {
    if (send.state === "done") return;
    if (send.state === "waiting") this.lane(send.destination).noteEndedWaiting();
    this.#sends.remove(send);
    this.#bytes -= send.size;
    send.end(error);
    if (this.#sends.size === 0) this.#idle.wake();
  }

  #expire(send: PendingSend): void {
    if (send.foundBufferFull && send.state === "waiting" && !send.mayBeAccepted) return this.#end(send, this.#full());
    const { link, lastError } = this.#connection;
    const cause = link === undefined ? lastError : this.lane(send.destination).lastFailure;
    const why = cause?.message ?? (send.state === "sent" ? "the broker did not confirm it" : "it was not sent");
    // The caller can act on a full broker, so it is not reported as a silent one.
    const isFull = send.state !== "sent" && cause?.code === "BACKPRESSURE";
    this.#abandon(send, unfinished(send, isFull ? "BACKPRESSURE" : "TIMEOUT", `time is up: ${why}`, cause));
  }

  #cancel(send: PendingSend, signal: AbortSignal): void {
    this.#abandon(send, unfinished(send, "CANCELLED", "it was cancelled", signal.reason));
  }

  /** Ends a send that the driver may already have. */
  #abandon(send: PendingSend, error: BrokerError): void {
    this.#end(send, error);
    this.lane(send.destination).abandon(send);
  }

  #full(): BrokerError {
    const { messages, bytes } = this.#limits;
    const buffer = `the send buffer (${messages} messages, ${bytes} bytes)`;
    const message = `${buffer} is full: await the sends, or send less at once`;
    return new BrokerError("BACKPRESSURE", message, { retryable: true });
  }
}

function unfinished(send: PendingSend, code: BrokerError["code"], why: string, cause: unknown): BrokerError {
  return new BrokerError(code, `sending to ${describeEntity(send.destination)}: ${why}`, {
    retryable: code === "TIMEOUT" || code === "BACKPRESSURE",
    outcomeUnknown: send.mayBeAccepted,
    cause,
  });
}
