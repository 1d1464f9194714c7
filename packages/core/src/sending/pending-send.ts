import type { Receipt } from "../api/sending.ts";
import type { Due } from "../base/deadlines.ts";
import type { BrokerError } from "../base/errors.ts";
import type { Destination } from "../contract/entities.ts";
import type { OutgoingMessage } from "../contract/message.ts";

/** What a message takes in the buffer besides its body, roughly, in bytes. */
const OVERHEAD = 200;

/** How the promise of a send ends. */
export interface SendPromise {
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: BrokerError) => void;
}

/** One send, from its call until the broker has the message or the send has failed. */
export class PendingSend implements Due {
  readonly destination: Destination;
  readonly message: OutgoingMessage;
  readonly size: number;
  readonly deadline: number;
  /** The order of the calls. */
  readonly turn: number;
  /** Whether the buffer was full when the send came. */
  readonly crowded: boolean;
  readonly #promise: SendPromise;
  /** Its place in the outbox's bag. */
  slot: number = -1;
  #state: "waiting" | "sent" | "done" = "waiting";
  #mayBeAccepted = false;
  #unsubscribe: (() => void) | undefined;

  constructor(
    destination: Destination,
    message: OutgoingMessage,
    deadline: number,
    turn: number,
    crowded: boolean,
    promise: SendPromise,
  ) {
    this.destination = destination;
    this.message = message;
    this.size = sizeOf(message);
    this.deadline = deadline;
    this.turn = turn;
    this.crowded = crowded;
    this.#promise = promise;
  }

  get state(): "waiting" | "sent" | "done" {
    return this.#state;
  }

  /** Whether the broker may have the message: it is on its way, or an earlier try may have been accepted. */
  get mayBeAccepted(): boolean {
    return this.#mayBeAccepted || this.#state === "sent";
  }

  /** The driver has it. */
  markSent(): void {
    this.#state = "sent";
  }

  /** A try failed; `outcomeUnknown` when the broker may have accepted it all the same. */
  markFailed(outcomeUnknown: boolean): void {
    this.#state = "waiting";
    this.#mayBeAccepted ||= outcomeUnknown;
  }

  /** Calls `cancel` when the signal aborts before the send has ended. */
  watch(signal: AbortSignal, cancel: () => void): void {
    if (signal.aborted) return cancel();
    signal.addEventListener("abort", cancel, { once: true });
    this.#unsubscribe = () => signal.removeEventListener("abort", cancel);
  }

  /** Ends the send: the broker has the message or, with an error, it failed for good. */
  end(error?: BrokerError): void {
    this.#state = "done";
    this.#unsubscribe?.();
    if (error === undefined) this.#promise.resolve({ id: this.message.id });
    else this.#promise.reject(error);
  }
}

/** What a message takes in the buffer, in bytes. */
export function sizeOf(message: OutgoingMessage): number {
  return message.body.length + OVERHEAD;
}
