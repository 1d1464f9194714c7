import type { Clock } from "../entities/clock.ts";
import { LinkError } from "./errors.ts";

/** What goes wrong on purpose. Entities are meant by their lower-cased paths. */
export class Faults {
  readonly #clock: Clock;
  readonly #busy = new Map<string, number>();
  readonly #settleDelays = new Map<string, number>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The next sends to an entity are refused, because the server is busy. 0 ends that. */
  setBusy(path: string, sends: number): void {
    this.#busy.set(path.toLowerCase(), sends);
  }

  /** What the emulator says about a message, on its way in or out, comes late. In ms; 0 ends that. */
  setSettleDelay(path: string, delay: number): void {
    if (delay > 0) this.#settleDelays.set(path.toLowerCase(), delay);
    else this.#settleDelays.delete(path.toLowerCase());
  }

  /** Throws if a send is to be refused. */
  beforeSend(path: string): void {
    if (this.#busy.size === 0) return;
    const key = path.toLowerCase();
    const left = this.#busy.get(key) ?? 0;
    if (left <= 0) return;
    this.#busy.set(key, left - 1);
    throw new LinkError(
      "com.microsoft:server-busy",
      "The request was terminated because the entity is being throttled. Wait 10 seconds and try again.",
      503,
    );
  }

  /** Says what became of a message, now or late. */
  settle(path: string, say: () => void): void {
    const delay = this.#settleDelays.size === 0 ? undefined : this.#settleDelays.get(path.toLowerCase());
    if (delay === undefined) say();
    else this.#clock.timer(say).set(this.#clock.now() + delay);
  }
}
