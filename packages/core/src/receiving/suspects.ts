import type { Clock } from "../base/clock.ts";
import { OWN } from "../contract/headers.ts";
import type { Delivery } from "../contract/message.ts";

/** A message is a suspect from this number of deliveries without an outcome. */
const SUSPECT = 2;
/** From this number a suspect is sent back as a marked copy. */
const MARK = 10;
/** From this number a marked copy is given up. */
const GIVE_UP = 3;
/** After this time without a suspect the consumer reads normally again, in ms. */
const CALM = 60_000;

/**
 * Watches for messages that kill the process that handles them, by the broker's count of deliveries. While there is a
 * suspect the consumer holds one message at a time, so that only the count of the guilty message goes on growing.
 */
export class Suspects {
  readonly #clock: Clock;
  #lastSeen: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Whether the consumer must hold only one message at a time. */
  get narrow(): boolean {
    return this.#lastSeen !== undefined;
  }

  /** Looks for suspects. Returns true at the first one, for which the window must become narrow. */
  noticeIn(deliveries: readonly Delivery[]): boolean {
    if (!deliveries.some((delivery) => (delivery.deliveries ?? 0) >= SUSPECT)) return false;
    const first = this.#lastSeen === undefined;
    this.#lastSeen = this.#clock.now();
    return first;
  }

  /** Returns true once, when there has been no suspect for a while and the window may become wide again. */
  haveCalmedDown(): boolean {
    if (this.#lastSeen === undefined || this.#clock.now() - this.#lastSeen < CALM) return false;
    this.#lastSeen = undefined;
    return true;
  }
}

/** Decides by the broker's count of deliveries whether to handle a message, send it back marked, or give it up. */
export function decideSuspect(delivery: Delivery): "handle" | "mark" | "give-up" {
  const count = delivery.deliveries ?? 0;
  const marked = delivery.headers[OWN.suspect] !== undefined;
  if (marked) return count >= GIVE_UP ? "give-up" : "handle";
  return count >= MARK ? "mark" : "handle";
}
