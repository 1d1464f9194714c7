import type { Message } from "./message.ts";

const PAGE_SIZE = 1024;

interface Page {
  readonly messages: (Message | undefined)[];
  count: number;
}

/** The messages of an entity by sequence number, in pages: constant time to add, find and remove one. */
export class MessageLog {
  // In ascending order, because sequence numbers only grow.
  readonly #pages = new Map<number, Page>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get(sequenceNumber: number): Message | undefined {
    return this.#pages.get(Math.floor(sequenceNumber / PAGE_SIZE))?.messages[sequenceNumber % PAGE_SIZE];
  }

  /** Adds a message with a higher sequence number than any before. */
  add(message: Message): void {
    const number = Math.floor(message.sequenceNumber / PAGE_SIZE);
    let page = this.#pages.get(number);
    if (page === undefined) {
      page = { messages: [], count: 0 };
      this.#pages.set(number, page);
    }
    page.messages[message.sequenceNumber % PAGE_SIZE] = message;
    page.count++;
    this.#size++;
  }

  remove(message: Message): void {
    const number = Math.floor(message.sequenceNumber / PAGE_SIZE);
    const page = this.#pages.get(number);
    const slot = message.sequenceNumber % PAGE_SIZE;
    if (page?.messages[slot] !== message) return;
    page.messages[slot] = undefined;
    this.#size--;
    if (--page.count === 0) this.#pages.delete(number);
  }

  /** The messages from a sequence number on, in order. */
  *from(sequenceNumber: number): Generator<Message> {
    const first = Math.floor(sequenceNumber / PAGE_SIZE);
    for (const [number, page] of this.#pages) {
      if (number < first) continue;
      for (const message of page.messages) {
        if (message !== undefined && message.sequenceNumber >= sequenceNumber) yield message;
      }
    }
  }
}
