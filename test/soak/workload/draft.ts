import type { Step } from "../history/event.ts";
import { DESTINATIONS, POLICY, SOURCES, type SoakDestination } from "./sources.ts";

/** A message that is to be sent. */
export interface Draft {
  readonly to: SoakDestination;
  readonly key?: string;
  readonly delay?: number;
  readonly steps?: Readonly<Record<string, Step>>;
  /** The deadline of the send, in ms. */
  readonly timeout: number;
}

/** The number of keys of each destination. */
const KEYS = 12;
/** More failures than any policy allows. */
const ALWAYS = 1_000;

/** Draws random messages. The same numbers give the same messages. */
export class Drafts {
  readonly #random: () => number;

  constructor(random: () => number) {
    this.#random = random;
  }

  next(): Draft {
    const to = this.#oneOf(DESTINATIONS);
    const sources = SOURCES.filter((source) => source.to === to.name);
    const steps = sources.map(({ name }) => [name, this.#step()] as const).filter(([, step]) => !isPlain(step));
    const delay = this.#chance(0.08) ? this.#upTo(3_000) : 0;
    return {
      to,
      // Some sends cannot be confirmed in time while the server is disturbed.
      timeout: this.#chance(0.05) ? 1_000 : 30_000,
      ...(to.keyed && { key: `k${this.#upTo(KEYS - 1)}` }),
      ...(delay > 0 && { delay }),
      ...(steps.length > 0 && { steps: Object.fromEntries(steps) }),
    };
  }

  /** A message that kills each process whose handler gets it. */
  killer(): Draft {
    const draft = this.next();
    const { name } = this.#oneOf(SOURCES.filter((source) => source.to === draft.to.name));
    return { ...draft, steps: { ...draft.steps, [name]: { work: 0, fails: ALWAYS, by: "kill" } } };
  }

  /** Messages with every delay and every number of failures, so that the driver makes all queues that it will use. */
  everyKind(): readonly Draft[] {
    const delays = [0, 100, 900, 3_000];
    return DESTINATIONS.flatMap((to) => {
      const all = (step: Step): Readonly<Record<string, Step>> =>
        Object.fromEntries(SOURCES.filter((source) => source.to === to.name).map(({ name }) => [name, step]));
      const base = { to, timeout: 30_000, ...(to.keyed && { key: "k0" }) };
      return [
        ...delays.map((delay) => ({ ...base, ...(delay > 0 && { delay }) })),
        { ...base, steps: all({ work: 0, fails: ALWAYS, by: "throw" }) },
        { ...base, steps: all({ work: 0, fails: ALWAYS, by: "deadLetter" }) },
        ...delays.map((delay) => ({ ...base, steps: all({ work: 0, fails: 1, by: "retry", delay }) })),
      ];
    });
  }

  #step(): Step {
    return { work: this.#work(), ...this.#failing() };
  }

  #work(): number {
    if (this.#chance(0.7)) return 0;
    return this.#chance(0.9) ? this.#upTo(20) : this.#upTo(300);
  }

  #failing(): Omit<Step, "work"> {
    const draw = this.#random();
    if (draw < 0.01) return { fails: ALWAYS, by: "throw" };
    if (draw < 0.015) return { fails: ALWAYS, by: "deadLetter" };
    if (draw < 0.07) return { fails: 1 + this.#upTo(POLICY.attempts - 2), by: "throw" };
    if (draw < 0.08) return { fails: 1, by: "retry", delay: this.#upTo(2_000) };
    return { fails: 0, by: "throw" };
  }

  #chance(part: number): boolean {
    return this.#random() < part;
  }

  /** A whole number from 0 to this one. */
  #upTo(most: number): number {
    return Math.floor(this.#random() * (most + 1));
  }

  #oneOf<T>(choices: readonly T[]): T {
    const choice = choices[Math.floor(this.#random() * choices.length)];
    if (choice === undefined) throw new Error("nothing to choose from");
    return choice;
  }
}

function isPlain({ work, fails }: Step): boolean {
  return work === 0 && fails === 0;
}
