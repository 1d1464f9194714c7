import type { Clock } from "../base/clock.ts";
import { isCondemned, isForwards, type Suspected } from "./crash-loop.ts";

/** One consumer, as far as the suspects of the others must know it. */
export interface SuspectHolder {
  /** How many suspects wait for a handler or have one. */
  readonly suspects: number;
  /** The most evidence among these suspects; 0 if there are none. */
  readonly mostEvidence: number;
  /** Whether it has a message that goes before a suspect of another consumer. */
  hasBefore(suspect: Suspected, isForwards: boolean): boolean;
  /** Called when a condition that its suspects wait for may have changed. */
  othersChanged(): void;
  /** Resolves when the broker has every ack so far, or cannot get them. */
  flush(): Promise<void>;
}

/** How long suspects wait after a consumer has opened, in ms. Messages that were held in a crash come to it within this time. */
const SETTLING_TIME = 100;

/**
 * The turns of suspects among all consumers of a broker object. A message of one queue that kills the process also affects the
 * messages that the other consumers hold, so they take turns together.
 */
export class SuspectTurns {
  readonly #clock: Clock;
  readonly #isExact: boolean;
  readonly #holders = new Set<SuspectHolder>();
  /** The holders whose suspect waits for other consumers. */
  readonly #waiting = new Set<SuspectHolder>();
  #opening = 0;
  /** The end of the wait for messages that come to consumers that have just opened, in ms since 1970. */
  #settlingUntil = 0;
  /** The evidence of the last message that was given up. It explains the same number of crashes of every other message that was held with it. */
  #explained = 0;

  /** `isExact`: a crash is evidence only against messages that had a handler, or could get one. */
  constructor(clock: Clock, isExact: boolean) {
    this.#clock = clock;
    this.#isExact = isExact;
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

  /** Resolves when the broker has every ack of all consumers so far. */
  async flush(): Promise<void> {
    await Promise.all([...this.#holders].map((holder) => holder.flush()));
  }

  /** The number of suspects in all consumers. */
  get suspects(): number {
    return [...this.#holders].reduce((sum, { suspects }) => sum + suspects, 0);
  }

  /** The order in which suspects start now. */
  get isForwards(): boolean {
    // After one crash of its own the guilty message has more evidence than the others.
    if (this.#isExact) return true;
    return isForwards(Math.max(...[...this.#holders].map(({ mostEvidence }) => mostEvidence)));
  }

  /** Whether a suspect that is about to start is given up instead. */
  condemns({ evidence }: Suspected): boolean {
    if (this.#isExact) return isCondemned(evidence, 0);
    const isGivenUp = isCondemned(evidence - this.#explained, this.suspects - 1);
    if (isGivenUp) this.#explained = evidence;
    return isGivenUp;
  }

  /** Whether no other consumer has a message that goes first. Otherwise `othersChanged` is called later. */
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
