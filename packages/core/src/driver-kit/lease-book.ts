import type { Clock } from "../base/clock.ts";
import type { Delivery } from "../contract/message.ts";
import type { SettleResult } from "../contract/settlement.ts";

/** A delivery whose lease can be renewed. */
export interface LeasedDelivery extends Delivery {
  readonly leaseUntil: number;
  /** When the lease ends, renewals included, in milliseconds since 1970. Written by the {@link LeaseBook}. */
  heldUntil: number;
}

/**
 * Tracks when leases end by this process's clock, for brokers that take a delivery back unless its lease is renewed.
 */
export class LeaseBook<D extends LeasedDelivery> {
  readonly #clock: Clock;
  readonly #lease: number;

  /** @param lease The duration of a lease, in milliseconds. */
  constructor(clock: Clock, lease: number) {
    this.#clock = clock;
    this.#lease = lease;
  }

  /** Returns the end of a lease that is about to be requested. Taken before the request, it is rather too early. */
  endFromNow(): number {
    return this.#clock.now() + this.#lease;
  }

  /** Returns the deliveries whose lease has not ended. Other consumers may hold the rest by now. */
  stillHeld(deliveries: readonly D[]): readonly D[] {
    const now = this.#clock.now();
    const isHeld = ({ heldUntil }: D): boolean => heldUntil > now;
    return deliveries.every(isHeld) ? deliveries : deliveries.filter(isHeld);
  }

  /**
   * Returns the time that `heldUntil` must exceed for a delivery to have more than a quarter of its lease left. An ack
   * that is sent now then certainly arrives before the lease ends. Call it once for a batch.
   */
  surelyHeldAfter(): number {
    return this.#clock.now() + this.#lease / 4;
  }

  /**
   * Implements `Source.extend`. `renew` sends the request and returns a result for each delivery. Throws the error of a
   * renewal that failed although the delivery is not lost.
   */
  async extend(
    deliveries: readonly D[],
    renew: (deliveries: readonly D[]) => Promise<readonly SettleResult[]>,
  ): Promise<readonly (number | undefined)[]> {
    const until = this.endFromNow();
    const results = await renew(deliveries);
    const failed = results.find((result) => result !== undefined && !result.lost);
    if (failed !== undefined) throw failed.error;
    return deliveries.map((delivery, index) => {
      if (results[index] !== undefined) return undefined;
      delivery.heldUntil = until;
      return until;
    });
  }
}
