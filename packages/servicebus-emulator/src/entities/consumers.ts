import { Fifo } from "./fifo.ts";
import type { Delivery } from "./message.ts";

/** Takes messages from an entity. */
export interface Consumer {
  /** Whether messages are locked until they are settled, or deleted at once. */
  readonly mode: "peek-lock" | "receive-and-delete";
  /** How many more messages the consumer takes now; 0 when it is closed. */
  demand(): number;
  deliver(delivery: Delivery): void;
}

/** The consumers that have demand, in turn. */
export class WaitingConsumers {
  readonly #turns = new Fifo<Consumer>();
  readonly #waiting = new Set<Consumer>();

  add(consumer: Consumer): void {
    if (this.#waiting.has(consumer)) return;
    this.#waiting.add(consumer);
    this.#turns.push(consumer);
  }

  /** The consumer whose turn it is; undefined if none has demand. */
  next(): Consumer | undefined {
    for (let consumer = this.#turns.shift(); consumer !== undefined; consumer = this.#turns.shift()) {
      if (consumer.demand() > 0) {
        this.#turns.push(consumer);
        return consumer;
      }
      this.#waiting.delete(consumer);
    }
    return undefined;
  }
}
