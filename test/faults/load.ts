import { BrokerError, type Declared, type Queue } from "@anybroker/core";
import type { Outcomes } from "./outcomes.ts";
import type { Numbered } from "./worker.ts";

/** The number of sends in flight at once. */
const IN_FLIGHT = 256;
/** How far a send may exceed its deadline on a busy machine, in ms. */
const GRACE = 15_000;

/** Options of a send. */
export interface Load {
  /** The fraction of all messages up to which to send. @default all but the last ones */
  readonly to?: number;
  /** The timeout of each send, in ms. @default 30 000 */
  readonly timeout?: number;
}

/** Sends numbered messages, many at once. A send that fails with a retryable error is repeated with the same id. */
export class Sender {
  /** The number of messages whose send has begun. */
  begun = 0;
  readonly #queue: Queue<Declared, Numbered, Numbered>;
  readonly #outcomes: Outcomes;

  constructor(queue: Queue<Declared, Numbered, Numbered>, outcomes: Outcomes) {
    this.#queue = queue;
    this.#outcomes = outcomes;
  }

  /** Sends up to the message `end`. Resolves when all smaller numbers are confirmed. */
  async sendUpTo(end: number, load: Load): Promise<void> {
    const loop = async (): Promise<void> => {
      while (this.begun < end) await this.#send(this.begun++, load);
    };
    await Promise.all(Array.from({ length: IN_FLIGHT }, loop));
  }

  async #send(number: number, { timeout = 30_000 }: Load): Promise<void> {
    const outcomes = this.#outcomes;
    const key = outcomes.keyOf(number);
    const options = { id: `n${number}`, timeout, key };
    for (let confirmed = false; !confirmed; ) {
      const since = performance.now();
      outcomes.count("sent");
      try {
        await this.#queue.send({ number, doomed: outcomes.isDoomed(number) }, options);
        confirmed = true;
      } catch (error) {
        if (!(error instanceof BrokerError && error.retryable)) throw error;
        outcomes.count("failed");
      }
      if (performance.now() - since > timeout + GRACE) outcomes.problems.push(`the send of ${number} ended late`);
    }
    outcomes.confirmed(number);
  }
}
