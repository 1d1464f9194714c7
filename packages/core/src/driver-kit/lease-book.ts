import type { Clock } from "../base/clock.ts";
import type { Delivery } from "../contract/message.ts";
import type { SettleResult } from "../contract/settlement.ts";

/** A delivery whose lease can be renewed. */
export interface LeasedDelivery extends Delivery {
  readonly leaseUntil: number;
  /** When its lease ends, renewals included (milliseconds since 1970). Written by the {@link LeaseBook}. */
  heldUntil: number;
}

/** Keeps the ends of leases by this process's clock, for brokers whose deliveries go back unless they are renewed. */
export class LeaseBook<D extends LeasedDelivery> {
  readonly #clock: Clock;
  readonly #lease: number;

  /** `lease` in milliseconds. */
  constructor(clock: Clock, lease: number) {
    this.#clock = clock;
    this.#lease = lease;
  }

  /** When a lease ends that the server starts now or later. Taken before the request, so that it errs to the early side. */
  endFromNow(): number {
    return this.#clock.now() + this.#lease;
  }

  /** Those whose lease has not ended. Others may have the rest by now. */
  stillHeld(deliveries: readonly D[]): readonly D[] {
    const now = this.#clock.now();
    const isHeld = ({ heldUntil }: D): boolean => heldUntil > now;
    return deliveries.every(isHeld) ? deliveries : deliveries.filter(isHeld);
  }

  /**
   * A delivery whose `heldUntil` is later than this has at least a quarter of its lease left: an ack that is sent now surely
   * arrives while the delivery is still ours. Taken once for a batch.
   */
  surelyHeldAfter(): number {
    return this.#clock.now() + this.#lease / 4;
  }

  /**
   * `Source.extend`: renews by `renew`, which returns a result for each delivery, and notes the new ends. Throws the
   * error of a renewal that failed without the delivery being lost.
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
