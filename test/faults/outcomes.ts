import type { Workload } from "./workload.ts";

/** The counters: calls of `send`, calls that rejected, calls that resolved, and messages that a handler has finished. */
export type Counted = "sent" | "failed" | "confirmed" | "handled";

interface Wait {
  readonly what: Counted;
  readonly count: number;
  readonly resolve: () => void;
}

/** Records what happens to each message of a scenario, by its number. */
export class Outcomes {
  readonly messages: number;
  readonly counts: Record<Counted, number> = { sent: 0, failed: 0, confirmed: 0, handled: 0 };
  /** The number of handler runs for messages that were handled before. */
  duplicated = 0;
  /** Faults that no promise reports. */
  readonly problems: string[] = [];
  readonly #scenario: Pick<Workload, "kills" | "failsAlways" | "keys">;
  readonly #confirmed: Uint8Array;
  readonly #runs: Uint32Array;
  readonly #excused = new Set<number>();
  /** The last handled message of each key. */
  readonly #latest = new Map<string, number>();
  #waits: Wait[] = [];

  constructor(messages: number, scenario: Pick<Workload, "kills" | "failsAlways" | "keys">) {
    this.messages = messages;
    this.#scenario = scenario;
    this.#confirmed = new Uint8Array(messages);
    this.#runs = new Uint32Array(messages);
  }

  /** Whether the message must be dead-lettered. */
  isDoomed(number: number): boolean {
    const { kills, failsAlways } = this.#scenario;
    return number === kills || (failsAlways !== undefined && number % failsAlways === 0);
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

  /** Records that a handler has finished. */
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

  /** Excuses all messages below this number that are not handled yet, because the scenario has deleted them. */
  excuseBelow(end: number): void {
    for (let number = 0; number < end; number += 1) if (this.#runs[number] === 0) this.#excused.add(number);
  }

  /** The number of excused messages that were never handled. */
  get excused(): number {
    return [...this.#excused].filter((number) => this.#runs[number] === 0).length;
  }

  /** Confirmed messages that were not handled. */
  get missing(): readonly number[] {
    return this.#confirmedThat(
      (number) => this.#runs[number] === 0 && !this.isDoomed(number) && !this.#excused.has(number),
    );
  }

  /** The same without those of a key of which a message kills its process. */
  get missingNeighbours(): readonly number[] {
    const { kills } = this.#scenario;
    const key = kills === undefined ? undefined : this.keyOf(kills);
    return this.missing.filter((number) => key === undefined || this.keyOf(number) !== key);
  }

  /** Confirmed messages that must be dead-lettered. */
  get doomed(): readonly number[] {
    return this.#confirmedThat((number) => this.isDoomed(number));
  }

  /** Resolves when the counter has reached the number. */
  reached(what: Counted, count: number): Promise<void> {
    if (this.counts[what] >= count) return Promise.resolve();
    return new Promise((resolve) => this.#waits.push({ what, count, resolve }));
  }

  #confirmedThat(fits: (number: number) => boolean): readonly number[] {
    const found: number[] = [];
    for (let number = 0; number < this.messages; number += 1) {
      if (this.#confirmed[number] === 1 && fits(number)) found.push(number);
    }
    return found;
  }

  #count(what: Counted): void {
    this.counts[what] += 1;
    const reached = this.#waits.filter((wait) => this.counts[wait.what] >= wait.count);
    if (reached.length === 0) return;
    this.#waits = this.#waits.filter((wait) => !reached.includes(wait));
    for (const wait of reached) wait.resolve();
  }
}
