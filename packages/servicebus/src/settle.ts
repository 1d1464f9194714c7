import type * as core from "@anybroker/core/driver";
import { copyThenSettle, LEASE_LOST, orAborted, refused, unavailable } from "@anybroker/core/driver";
import { isLockLost } from "./errors.ts";
import type { LinkState } from "./state/link-state.ts";
import { deadLetterProperties, releaseProperties, type ServicebusDelivery, toCopy } from "./wire.ts";

/** What the settler needs of its source. */
interface SettledSource {
  /** The consumer does not hold it any more. */
  gone(delivery: ServicebusDelivery): void;
  /** Whether the filter is stored by which the core decides what no handler sees. */
  isFilterCurrent(signal: AbortSignal): Promise<boolean>;
}

/** Settles the deliveries of one source. */
export class Settler {
  readonly #link: LinkState;
  /** Where copies go; undefined if none could come back to this source alone. */
  readonly #queue: string | undefined;
  readonly #source: SettledSource;

  constructor(link: LinkState, queue: string | undefined, source: SettledSource) {
    this.#link = link;
    this.#queue = queue;
    this.#source = source;
  }

  /** `Source.settle`. */
  async settle(batch: readonly core.Settlement[], signal: AbortSignal): Promise<readonly core.SettleResult[]> {
    if (batch.some(isFiltered) && !(await this.#source.isFilterCurrent(signal))) {
      const failure = refused(unavailable("the filter of the subscription has changed"));
      return batch.map(() => failure);
    }
    return orAborted(Promise.all(batch.map((settlement) => this.#settleOne(settlement, signal))), signal);
  }

  // Neither this nor `#finish` is an async function, because each message goes through both.
  #settleOne(settlement: core.Settlement, signal: AbortSignal): Promise<core.SettleResult> {
    // The cast is true: the core settles what this source has handed out.
    const delivery = settlement.delivery as ServicebusDelivery;
    if (delivery.state === "returned" && settlement.action === "release") return Promise.resolve(undefined);
    if (delivery.state !== "held") return Promise.resolve(LEASE_LOST);
    const { native, locked } = delivery;
    const { receiver } = delivery.holder;
    switch (settlement.action) {
      case "ack":
        return this.#finish(delivery, receiver.completeMessage(locked));
      case "release":
        return this.#finish(delivery, receiver.abandonMessage(locked, releaseProperties(native)));
      case "reject":
        return this.#finish(delivery, receiver.deadLetterMessage(locked));
      case "deadLetter": {
        const properties = deadLetterProperties(native, settlement.headers);
        return this.#finish(delivery, receiver.deadLetterMessage(locked, properties));
      }
      case "retry":
        return copyThenSettle({
          copy: () => this.#sendCopy(delivery, settlement, signal),
          isHeld: () => delivery.state === "held",
          settle: () => this.#finish(delivery, receiver.completeMessage(locked)),
        });
    }
  }

  async #sendCopy(
    { native }: ServicebusDelivery,
    { delay, headers }: Extract<core.Settlement, { readonly action: "retry" }>,
    signal: AbortSignal,
  ): Promise<void> {
    const { context, senders } = this.#link;
    const deliverAt = delay > 0 ? context.clock.now() + delay : undefined;
    await senders.send(this.#queue ?? "", toCopy(native, headers, deliverAt), signal);
  }

  #finish(delivery: ServicebusDelivery, settling: Promise<void>): Promise<core.SettleResult> {
    return settling.then(
      () => {
        this.#source.gone(delivery);
        return undefined;
      },
      (error: unknown) => {
        if (!isLockLost(error)) return refused(error);
        this.#source.gone(delivery);
        return { error, lost: true };
      },
    );
  }
}

function isFiltered(settlement: core.Settlement): boolean {
  return settlement.action === "ack" && settlement.filtered === true;
}
