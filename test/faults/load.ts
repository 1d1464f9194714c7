import { BrokerError, type Declared, type Queue } from "@anybroker/core";
import type { Tally } from "./tally.ts";
import type { Numbered } from "./worker.ts";

/** How many sends are on their way at once. */
const IN_FLIGHT = 256;
/** What a send may take above its deadline on a busy machine. */
const GRACE = 15_000;

/** How to send. */
export interface Load {
  /** The part of all messages up to which to send; by default all but the last ones. */
  readonly to?: number;
  /** The deadline of each send. @default 30 000 */
  readonly timeout?: number;
}

/** Sends numbered messages, many at once; what fails by its deadline is sent again, with its id, as the error says. */
export class Sender {
  /** How many messages a send has been begun for. */
  begun = 0;
  readonly #queue: Queue<Declared, Numbered, Numbered>;
  readonly #tally: Tally;

  constructor(queue: Queue<Declared, Numbered, Numbered>, tally: Tally) {
    this.#queue = queue;
    this.#tally = tally;
  }

  /** Resolves when every message with a smaller number is confirmed. */
  async sendUpTo(end: number, load: Load): Promise<void> {
    const one = async (): Promise<void> => {
      while (this.begun < end) await this.#send(this.begun++, load);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, one));
  }

  async #send(number: number, { timeout = 30_000 }: Load): Promise<void> {
    const tally = this.#tally;
    const key = tally.keyOf(number);
    const options = { id: `n${number}`, timeout, ...(key === undefined ? {} : { key }) };
    for (let confirmed = false; !confirmed; ) {
      const since = performance.now();
      tally.count("sent");
      try {
        await this.#queue.send({ number, doomed: tally.isDoomed(number) }, options);
        confirmed = true;
      } catch (error) {
        if (!(error instanceof BrokerError && error.retryable)) throw error;
        tally.count("failed");
      }
      if (performance.now() - since > timeout + GRACE) tally.problems.push(`the send of ${number} ended late`);
    }
    tally.confirmed(number);
  }
}
