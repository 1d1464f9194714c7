import type { Clock } from "../base/clock.ts";
import { isForwards, type Suspected } from "./crash-loop.ts";

/** One consumer, as far as the suspects of the others must know it. */
export interface SuspectHolder {
  /** How many suspects wait for a handler or have one. */
  readonly suspects: number;
  /** The least evidence of these; infinite if there are none. */
  readonly leastEvidence: number;
  /** Whether it has something that a suspect of another consumer lets go first. */
  hasBefore(suspect: Suspected, isForwards: boolean): boolean;
  /** What its suspects wait for may have changed. */
  othersChanged(): void;
}

/** For how long suspects wait after a consumer has opened: what was held during a crash comes to it within this time, in ms. */
const SETTLING_TIME = 100;

/**
 * The turns of suspects among all consumers of a broker object, because a message of one queue that kills the process takes
 * with it what the other consumers hold.
 */
export class SuspectTurns {
  readonly #clock: Clock;
  readonly #holders = new Set<SuspectHolder>();
  /** Those whose suspect waits for others. */
  readonly #waiting = new Set<SuspectHolder>();
  #opening = 0;
  /** Until when suspects wait for what comes to consumers that have just opened, in ms since 1970. */
  #settlingUntil = 0;
  /** The evidence of the last message that was given up. It explains as many crashes of all others that were held with it. */
  explained = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  join(holder: SuspectHolder): void {
    this.#holders.add(holder);
  }

  leave(holder: SuspectHolder): void {
    this.#holders.delete(holder);
    this.changed();
  }

  /** Suspects wait until a consumer is open, or cannot be opened. */
  waitFor(opened: Promise<unknown>): void {
    this.#opening += 1;
    const open = (): void => {
      this.#opening -= 1;
      this.#settlingUntil = this.#clock.now() + SETTLING_TIME;
      this.changed();
    };
    opened.then(open, open);
  }

  /** The number of suspects in all consumers. */
  get suspects(): number {
    return [...this.#holders].reduce((sum, { suspects }) => sum + suspects, 0);
  }

  /** The order in which suspects start now. */
  get isForwards(): boolean {
    return isForwards(Math.min(...[...this.#holders].map(({ leastEvidence }) => leastEvidence)));
  }

  /** Whether no other consumer has anything that goes first. If one has, the holder hears when that may have changed. */
  isTurnOf(holder: SuspectHolder, suspect: Suspected): boolean {
    const { isForwards: forwards } = this;
    const others = [...this.#holders].filter((other) => other !== holder);
    const settling = this.#settlingUntil - this.#clock.now();
    const isReady = this.#opening === 0 && settling <= 0;
    const isTurn = isReady && !others.some((other) => other.hasBefore(suspect, forwards));
    if (isTurn) return true;
    // The first that waits sets the timer for all.
    if (settling > 0 && this.#waiting.size === 0) this.#clock.after(settling, () => this.changed());
    this.#waiting.add(holder);
    return false;
  }

  /** A consumer has finished with a message that came back from a crash, or has opened or closed. */
  changed(): void {
    if (this.#waiting.size === 0) return;
    const waiting = [...this.#waiting];
    this.#waiting.clear();
    for (const holder of waiting) holder.othersChanged();
  }
}
