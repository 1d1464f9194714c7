import type { Clock } from "../base/clock.ts";
import { OWN } from "../contract/headers.ts";
import type { Delivery } from "../contract/message.ts";

/** Hand-overs without an outcome from which on a message is suspected of killing its consumers. */
const SUSPECT = 2;
/** From here on a suspect goes back as a marked copy. */
const MARK = 10;
/** From here on a marked copy is given up. */
const CONDEMN = 3;
/** Without a suspect for this long, in milliseconds, reading is wide again. */
const CALM = 60_000;

/**
 * Watches for messages that kill the process that handles them, by the broker's count of hand-overs. While there is a
 * suspect only one message is held at a time, so that only the guilty one goes on counting.
 */
export class Suspects {
  readonly #clock: Clock;
  #lastSeen: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether reading is down to one message at a time. */
  get narrow(): boolean {
    return this.#lastSeen !== undefined;
  }

  /** Notes a suspect: true when there was none before, so that the source must be opened anew. */
  see(deliveries: readonly Delivery[]): boolean {
    if (!deliveries.some((delivery) => (delivery.deliveries ?? 0) >= SUSPECT)) return false;
    const first = this.#lastSeen === undefined;
    this.#lastSeen = this.#clock.now();
    return first;
  }

  /** True once, when there has been none for a while: the source is to be opened wide again. */
  calm(): boolean {
    if (this.#lastSeen === undefined || this.#clock.now() - this.#lastSeen < CALM) return false;
    this.#lastSeen = undefined;
    return true;
  }
}

/** What is to be done with a delivery that has come back this often. */
export function verdict(delivery: Delivery): "handle" | "mark" | "condemn" {
  const count = delivery.deliveries ?? 0;
  const marked = delivery.headers[OWN.suspect] !== undefined;
  if (marked) return count >= CONDEMN ? "condemn" : "handle";
  return count >= MARK ? "mark" : "handle";
}
