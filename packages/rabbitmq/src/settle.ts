import type * as core from "@anybroker/core/driver";
import { BrokerError, orAborted } from "@anybroker/core/driver";
import type { Acks } from "./acknowledging/acks.ts";
import { copy } from "./send.ts";
import type { LinkState } from "./state/link-state.ts";
import { deadLettersOf } from "./topology.ts";
import type { RabbitmqDelivery } from "./wire.ts";

/** A settlement that makes a copy. */
type Moving = Extract<core.Settlement, { readonly headers: unknown }>;

/** Settles what a source of one queue has handed out. */
export class Settler {
  /** Of the channel that the source reads from: what came from another one cannot be settled any more. */
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

  /** `Source.settle`. */
  settle(batch: readonly core.Settlement[], signal: AbortSignal): ReturnType<core.Source["settle"]> {
    const results = batch.map((settlement) => this.#settle(settlement, signal));
    const failure = this.acks.flush();
    if (failure !== undefined) return batch.map(() => failure);
    if (results.every(isKnown)) return results;
    return orAborted(Promise.all(results.map(async (result) => result)), signal);
  }

  /** Settles at once, or for a copy with a promise that never rejects; acks go with the next flush. */
  #settle(settlement: core.Settlement, signal: AbortSignal): core.SettleResult | Promise<core.SettleResult> {
    // The cast is true: the core settles what this source has handed out.
    const delivery = settlement.delivery as RabbitmqDelivery;
    if (delivery.state === "back" && settlement.action === "release") return undefined;
    if (delivery.state !== "open") return LOST;
    switch (settlement.action) {
      case "ack":
        delivery.state = "held";
        return undefined;
      case "release":
        // In an ordered queue it goes back with the place, which the core gives up next.
        return this.#ordered ? undefined : this.acks.nack(delivery, true);
      case "reject":
        return this.#link.exact.has(this.#queue) ? this.acks.nack(delivery, false) : noDeadLetters(this.#queue);
      case "retry":
      case "deadLetter":
        return this.#move(delivery, settlement, signal);
    }
  }

  async #move(delivery: RabbitmqDelivery, how: Moving, signal: AbortSignal): Promise<core.SettleResult> {
    const [to, delay] = how.action === "retry" ? [this.#queue, how.delay] : [deadLettersOf(this.#queue), 0];
    try {
      await copy(this.#link, delivery.native, to, how.headers, delay, signal);
    } catch (error) {
      return { error, lost: false };
    }
    if (delivery.state !== "open") return LOST;
    delivery.state = "held";
    return this.acks.flush();
  }
}

function isKnown(result: core.SettleResult | Promise<core.SettleResult>): result is core.SettleResult {
  return !(result instanceof Promise);
}

const LOST: core.SettleFailure = {
  error: new BrokerError("LEASE_LOST", "the delivery has gone back to its queue, or was settled before"),
  lost: true,
};

function noDeadLetters(queue: string): core.SettleFailure {
  const message = `queue ${queue} is not known to have dead letters: the server could drop what is rejected`;
  return { error: new BrokerError("UNSUPPORTED", message), lost: false };
}
