import { Fifo } from "./fifo.ts";
import { Heap } from "./heap.ts";
import type { Message } from "./message.ts";

/** The messages that may be handed over, in the order of their sequence numbers. */
export class ReadyMessages {
  readonly #fresh = new Fifo<Message>();
  // A message that comes back has a lower sequence number than any fresh one.
  readonly #returned = new Heap<Message>((message) => message.sequenceNumber);

  addFresh(message: Message): void {
    this.#fresh.push(message);
  }

  addReturned(message: Message): void {
    this.#returned.push(message);
  }

  /** The next message, which stays. */
  peek(): Message | undefined {
    while (this.#returned.size > 0) {
      const message = this.#returned.peek();
      if (message?.state === "active") return message;
      this.#returned.pop();
    }
    while (this.#fresh.length > 0) {
      const message = this.#fresh.peek();
      if (message?.state === "active") return message;
      this.#fresh.shift();
    }
    return undefined;
  }

  take(): Message | undefined {
    const message = this.peek();
    if (message === undefined) return undefined;
    if (this.#returned.size > 0) this.#returned.pop();
    else this.#fresh.shift();
    return message;
  }
}
