import type { SettleFailure } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import type { RabbitmqDelivery } from "../wire.ts";

/** How long an ack may be held back, in milliseconds, for more to come. */
const HOLD = 20;

/** How many frames of settlements a quorum queue surely takes in a millisecond; measured: 10. */
const PACE = 4;

/** Enough to wait for what is on its way, in milliseconds. */
const PATIENCE = 500;

/**
 * Acknowledges in as few frames as it can: all before the first open delivery in one, and what is acked out of order is
 * held back, in the hope that the gap closes, until it is more than {@link Acks.most} or for {@link HOLD}.
 */
export class Acks {
  /** How many acks may be held back. */
  most = 0;
  readonly #channel: Channel;
  /** What the server counts as ours, in the order of its tags, and some that it does not any more. */
  readonly #line: RabbitmqDelivery[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the server surely has all that was written (milliseconds since 1970). */
  #arrival = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add(delivery: RabbitmqDelivery): void {
    this.#line.push(delivery);
  }

  /** Writes the acks that are due, of deliveries whose state says `held`. */
  flush(most: number = this.most): SettleFailure | undefined {
    const open = this.#line.findIndex(({ state }) => state === "open");
    const prefix = this.#line.splice(0, open < 0 ? this.#line.length : open);
    const held = this.#line.filter(({ state }) => state === "held");
    if (held.length > 0 && held.length <= most) this.#timer ??= setTimeout(() => this.#late(), HOLD);
    return attempt(() => {
      // The last tag of a multiple ack must not have been settled before.
      const last = prefix.findLast(({ state }) => state === "held");
      if (last !== undefined) this.#ack(last, true);
      if (held.length > most) for (const delivery of held) this.#ack(delivery, false);
    });
  }

  /** Gives it back, or away; at once. */
  nack(delivery: RabbitmqDelivery, requeue: boolean): SettleFailure | undefined {
    return attempt(() => {
      this.#channel.nack(delivery.native, false, requeue);
      this.#wrote(delivery);
    });
  }

  /** In how many milliseconds the channel may be closed: that loses what has not arrived yet. */
  get pending(): number {
    return Math.min(PATIENCE, Math.max(0, this.#arrival - Date.now()));
  }

  /** Forgets everything, and answers what was still open. */
  end(): readonly RabbitmqDelivery[] {
    clearTimeout(this.#timer);
    const open = this.#line.splice(0).filter(({ state }) => state === "open");
    for (const delivery of open) delivery.state = "gone";
    return open;
  }

  #late(): void {
    this.#timer = undefined;
    this.flush(0);
  }

  #ack(delivery: RabbitmqDelivery, allBefore: boolean): void {
    this.#channel.ack(delivery.native, allBefore);
    this.#wrote(delivery);
  }

  #wrote(delivery: RabbitmqDelivery): void {
    delivery.state = "gone";
    this.#arrival = Math.max(this.#arrival, Date.now()) + 1 / PACE;
  }
}

/** amqplib throws when the channel has gone. */
function attempt(write: () => void): SettleFailure | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return { error, lost: true };
  }
}
