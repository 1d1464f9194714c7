import type { Clock, Timer } from "./clock.ts";
import { Heap } from "./heap.ts";
import type { Message } from "./message.ts";

interface Entry {
  readonly at: number;
  readonly message: Message;
}

/** Messages with a time at which something is done with them. */
export class DueMessages {
  readonly #clock: Clock;
  readonly #timer: Timer;
  readonly #isStale: (message: Message) => boolean;
  readonly #entries = new Heap<Entry>((entry) => entry.at);
  #stale = 0;

  /** `due` is called for a message when its time has come, unless it is stale. */
  constructor(clock: Clock, isStale: (message: Message) => boolean, due: (message: Message) => void) {
    this.#clock = clock;
    this.#isStale = isStale;
    this.#timer = clock.timer(() => {
      const now = clock.now();
      for (let entry = this.#entries.peek(); entry !== undefined; entry = this.#entries.peek()) {
        if (entry.at > now) {
          this.#timer.set(entry.at);
          return;
        }
        this.#entries.pop();
        if (isStale(entry.message)) this.#stale--;
        else due(entry.message);
      }
    });
  }

  add(at: number, message: Message): void {
    this.#entries.push({ at, message });
    this.#timer.set(Math.max(at, this.#clock.now()));
  }

  /** To be called when a message has become stale: many stale ones are removed at once. */
  becameStale(): void {
    if (++this.#stale < 64 || this.#stale * 2 < this.#entries.size) return;
    this.#entries.keep((entry) => !this.#isStale(entry.message));
    this.#stale = 0;
  }

  clear(): void {
    this.#entries.keep(() => false);
    this.#stale = 0;
    this.#timer.clear();
  }
}
