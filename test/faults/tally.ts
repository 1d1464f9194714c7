import type { Scenario } from "./scenario.ts";

/** What a scenario counts: calls of `send`, those that rejected and that resolved, messages that a handler has seen. */
export type Counted = "sent" | "failed" | "confirmed" | "handled";

interface Wait {
  readonly what: Counted;
  readonly count: number;
  readonly resolve: () => void;
}

/** What became of each message of a scenario, by its number. */
export class Tally {
  readonly messages: number;
  readonly counts: Record<Counted, number> = { sent: 0, failed: 0, confirmed: 0, handled: 0 };
  /** Runs of a handler on a message that one had seen before. */
  duplicated = 0;
  /** What went wrong without any promise that says so. */
  readonly problems: string[] = [];
  readonly #scenario: Pick<Scenario, "kills" | "hopeless" | "keys">;
  readonly #confirmed: Uint8Array;
  readonly #runs: Uint32Array;
  readonly #excused = new Set<number>();
  /** The latest of each key. */
  readonly #latest = new Map<string, number>();
  #waits: Wait[] = [];

  constructor(messages: number, scenario: Pick<Scenario, "kills" | "hopeless" | "keys">) {
    this.messages = messages;
    this.#scenario = scenario;
    this.#confirmed = new Uint8Array(messages);
    this.#runs = new Uint32Array(messages);
  }

  /** Whether the message must end in the dead letters. */
  isDoomed(number: number): boolean {
    const { kills, hopeless } = this.#scenario;
    return number === kills || (hopeless !== undefined && number % hopeless === 0);
  }

  keyOf(number: number): string | undefined {
    const { keys } = this.#scenario;
    return keys === undefined ? undefined : `k${number % keys}`;
  }

  count(what: "sent" | "failed"): void {
    this.#count(what);
  }

  confirmed(number: number): void {
    this.#confirmed[number] = 1;
    this.#count("confirmed");
  }

  /** A handler has done its work. */
  handled(number: number): void {
    const runs = this.#runs[number];
    if (runs === undefined) throw new Error(`a handler got message ${number}, which was never sent`);
    this.#runs[number] = runs + 1;
    if (runs > 0) {
      this.duplicated += 1;
      return;
    }
    const key = this.keyOf(number);
    if (key !== undefined) {
      const before = this.#latest.get(key) ?? -1;
      if (number < before) this.problems.push(`message ${number} of key ${key} was handled after ${before}`);
      this.#latest.set(key, number);
    }
    this.#count("handled");
  }

  /** No handler has to see those below this number, because of what the scenario did to them. */
  excuseBelow(end: number): void {
    for (let number = 0; number < end; number += 1) if (this.#runs[number] === 0) this.#excused.add(number);
  }

  /** How many no handler had to see, and none did. */
  get excused(): number {
    return [...this.#excused].filter((number) => this.#runs[number] === 0).length;
  }

  /** Confirmed messages that no handler has seen. */
  get missing(): readonly number[] {
    return this.#confirmedOnes(
      (number) => this.#runs[number] === 0 && !this.isDoomed(number) && !this.#excused.has(number),
    );
  }

  /** Confirmed messages that must be in the dead letters. */
  get doomed(): readonly number[] {
    return this.#confirmedOnes((number) => this.isDoomed(number));
  }

  /** Resolves when so many have been counted. */
  reached(what: Counted, count: number): Promise<void> {
    if (this.counts[what] >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ what, count, resolve }));
  }

  #confirmedOnes(fits: (number: number) => boolean): readonly number[] {
    const fitting: number[] = [];
    for (let number = 0; number < this.messages; number += 1) {
      if (this.#confirmed[number] === 1 && fits(number)) fitting.push(number);
    }
    return fitting;
  }

  #count(what: Counted): void {
    this.counts[what] += 1;
    const reached = this.#waits.filter((wait) => this.counts[wait.what] >= wait.count);
    if (reached.length === 0) return;
    this.#waits = this.#waits.filter((wait) => !reached.includes(wait));
    for (const wait of reached) wait.resolve();
  }
}
