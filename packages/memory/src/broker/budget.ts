/** How much an instance may hold, and how much it holds. */
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

/** The share of one store of an instance, so that all of it can be freed at once. */
export class BudgetShare {
  readonly #budget: Budget;
  #messages = 0;
  #bytes = 0;

  constructor(budget: Budget) {
    this.#budget = budget;
  }

  /** Adds to what is held; negative numbers free. May exceed the budget: only sends are refused. */
  charge(messages: number, bytes: number): void {
    this.#messages += messages;
    this.#bytes += bytes;
    this.#budget.messages += messages;
    this.#budget.bytes += bytes;
  }

  free(): void {
    this.charge(-this.#messages, -this.#bytes);
  }
}
