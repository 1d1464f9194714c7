import type * as core from "@anybroker/core/driver";
import { copyThenSettle, deadLettersName, LEASE_LOST, orAborted, refused, unsupported } from "@anybroker/core/driver";
import type { Acks } from "./acknowledging/acks.ts";
import { sendCopy } from "./send.ts";
import type { LinkState } from "./state/link-state.ts";
import type { RabbitmqDelivery } from "./wire.ts";

/** A settlement that makes a copy. */
type CopyingSettlement = Extract<core.Settlement, { readonly headers: unknown }>;

/** Settles the deliveries of one source. */
export class Settler {
  /** The acks of the channel that the source reads from. Deliveries of an earlier channel are no longer held. */
  acks: Acks;
  readonly #link: LinkState;
  readonly #queue: string;
  readonly #ordered: boolean;

  constructor(link: LinkState, queue: string, ordered: boolean, acks: Acks) {
    this.#link = link;
    this.#queue = queue;
    this.#ordered = ordered;
    this.acks = acks;
  }

  /** `Source.settle`. Without copies to make it needs no promise. */
  settle(batch: readonly core.Settlement[], signal: AbortSignal): ReturnType<core.Source["settle"]> {
    const results = batch.map((settlement) => this.#settleOne(settlement, signal));
    const failure = this.acks.flush();
    if (failure !== undefined) return batch.map(() => failure);
    if (results.every(isKnown)) return results;
    return orAborted(Promise.all(results.map(async (result) => result)), signal);
  }

  /** A promise that is returned never rejects. Acks are written by the next flush. */
  #settleOne(settlement: core.Settlement, signal: AbortSignal): core.SettleResult | Promise<core.SettleResult> {
    // The cast is true: the core settles what this source has handed out.
    const delivery = settlement.delivery as RabbitmqDelivery;
    if (delivery.state === "returned" && settlement.action === "release") return undefined;
    if (delivery.state !== "unsettled") return LEASE_LOST;
    switch (settlement.action) {
      case "ack":
        delivery.state = "acked";
        return undefined;
      case "release":
        // A delivery of an ordered queue goes back together with the place, which the core gives up next.
        return this.#ordered ? undefined : this.acks.nack(delivery, true);
      case "reject":
        return this.#reject(delivery);
      case "retry":
        return this.#moveTo(this.#queue, settlement.delay, delivery, settlement, signal);
      case "deadLetter":
        return this.#moveTo(deadLettersName(this.#queue), 0, delivery, settlement, signal);
    }
  }

  #reject(delivery: RabbitmqDelivery): core.SettleResult {
    if (this.#link.matchingQueues.has(this.#queue)) return this.acks.nack(delivery, false);
    return refused(
      unsupported(`queue ${this.#queue} may have no dead letters: the server could drop the rejected message`),
    );
  }

  /** A retry or dead letter: a copy to the target, then an ack of the original. */
  #moveTo(
    target: string,
    delay: number,
    delivery: RabbitmqDelivery,
    { headers }: CopyingSettlement,
    signal: AbortSignal,
  ): Promise<core.SettleResult> {
    return copyThenSettle({
      copy: () => sendCopy(this.#link, delivery.native, target, headers, delay, signal),
      isHeld: () => delivery.state === "unsettled",
      settle: () => {
        delivery.state = "acked";
        return this.acks.flush();
      },
    });
  }
}

function isKnown(result: core.SettleResult | Promise<core.SettleResult>): result is core.SettleResult {
  return !(result instanceof Promise);
}
