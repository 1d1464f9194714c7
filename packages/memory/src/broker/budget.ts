/** How much an instance may hold; what its parts hold is charged to it. */
export class Budget {
  readonly maxMessages: number;
  readonly maxBytes: number;
  messages = 0;
  bytes = 0;

  constructor(maxMessages: number, maxBytes: number) {
    this.maxMessages = maxMessages;
    this.maxBytes = maxBytes;
  }

  hasRoom(messages: number, bytes: number): boolean {
    return this.messages + messages <= this.maxMessages && this.bytes + bytes <= this.maxBytes;
  }
}

/** What one part of an instance holds, so that it can be let go of as a whole. */
export class Share {
  readonly #budget: Budget;
  #messages = 0;
  #bytes = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Negative to give back. What was accepted once may go over the bound later: only sends are refused. */
  charge(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
    this.#budget.messages += messages;
    this.#budget.bytes += bytes;
  }

  clear(): void {
    this.charge(-this.#messages, -this.#bytes);
  }
}
