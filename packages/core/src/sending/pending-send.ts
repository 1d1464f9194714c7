import type { Receipt } from "../api/sending.ts";
import type { Due } from "../base/deadlines.ts";
import type { BrokerError } from "../base/errors.ts";
import type { Destination } from "../contract/entities.ts";
import type { OutgoingMessage } from "../contract/message.ts";

/** The approximate size of a message without its body, in bytes. */
const OVERHEAD = 200;

/** The resolvers of a send's promise. */
export interface SendPromise {
  readonly resolve: (receipt: Receipt) => void;
  readonly reject: (error: BrokerError) => void;
}

/** A send, from its call until the broker has the message or the send has failed. Owns its state. */
export class PendingSend implements Due {
  readonly destination: Destination;
  readonly message: OutgoingMessage;
  readonly size: number;
  readonly deadline: number;
  /** The position in the order of all calls. */
  readonly sequence: number;
  /** Whether the send buffer was full at the time of the call. */
  readonly foundBufferFull: boolean;
  readonly #promise: SendPromise;
  slot: number = -1;
  #state: "waiting" | "sent" | "done" = "waiting";
  #mayBeAccepted = false;
  #unsubscribe: (() => void) | undefined;

  constructor(
    destination: Destination,
    message: OutgoingMessage,
    deadline: number,
    sequence: number,
    foundBufferFull: boolean,
    promise: SendPromise,
  ) {
    this.destination = destination;
    this.message = message;
    this.size = sizeOf(message);
    this.deadline = deadline;
    this.sequence = sequence;
    this.foundBufferFull = foundBufferFull;
    this.#promise = promise;
  }

  get state(): "waiting" | "sent" | "done" {
    return this.#state;
  }

  /** Whether the broker may have the message: it is on its way, or the outcome of an earlier attempt is unknown. */
  get mayBeAccepted(): boolean {
    return this.#mayBeAccepted || this.#state === "sent";
  }

  /** The message goes to the driver. */
  markSent(): void {
    this.#state = "sent";
  }

  /** An attempt failed. With `outcomeUnknown` the broker may have accepted the message despite that. */
  markFailed(outcomeUnknown: boolean): void {
    this.#state = "waiting";
    this.#mayBeAccepted ||= outcomeUnknown;
  }

  /** Calls `cancel` if the signal aborts before the send has ended. */
  watch(signal: AbortSignal, cancel: () => void): void {
    if (signal.aborted) return cancel();
    signal.addEventListener("abort", cancel, { once: true });
    this.#unsubscribe = () => signal.removeEventListener("abort", cancel);
  }

  /** Settles the promise: resolves it, or rejects it with an error. */
  end(error?: BrokerError): void {
    this.#state = "done";
    this.#unsubscribe?.();
    if (error === undefined) this.#promise.resolve({ id: this.message.id });
    else this.#promise.reject(error);
  }
}

/** Returns the size of a message in the send buffer, in bytes. */
export function sizeOf(message: OutgoingMessage): number {
  return message.body.length + OVERHEAD;
}
