import type { SettleFailure } from "@anybroker/core/driver";
import type { Channel } from "amqplib";
import type { RabbitmqDelivery } from "../wire.ts";

/** The longest time that an ack is held back for others to join it, in ms. */
const HOLD_TIME = 20;

/** How many frames a quorum queue certainly takes in a millisecond. 10 were measured. */
const FRAMES_PER_MS = 4;

/** The longest wait for frames in transit, in ms. */
const LONGEST_TRANSIT = 500;

/**
 * Acks in as few frames as possible. All acks before the first unsettled delivery go in one frame. Acks behind it are
 * held back, because the gap may close, until there are more than {@link Acks.maxHeldBack} or {@link HOLD_TIME} is over.
 */
export class Acks {
  /** How many acks may be held back. */
  maxHeldBack = 0;
  readonly #channel: Channel;
  /** In the order of their tags: everything that the server counts as unsettled, and some that are finished already. */
  readonly #deliveries: RabbitmqDelivery[] = [];
  #timer: NodeJS.Timeout | undefined;
  /** When the server has certainly taken everything that was written (milliseconds since 1970). */
  #takenAt = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add(delivery: RabbitmqDelivery): void {
    this.#deliveries.push(delivery);
  }

  /** Writes the acks that are due, of deliveries whose state is `acked`. */
  flush(maxHeldBack: number = this.maxHeldBack): SettleFailure | undefined {
    const firstUnsettled = this.#deliveries.findIndex(({ state }) => state === "unsettled");
    const prefix = this.#deliveries.splice(0, firstUnsettled < 0 ? this.#deliveries.length : firstUnsettled);
    const behind = this.#deliveries.filter(({ state }) => state === "acked");
    if (behind.length > 0 && behind.length <= maxHeldBack) {
      this.#timer ??= setTimeout(() => this.#flushAll(), HOLD_TIME);
    }
    return lostIfItThrows(() => {
      // A frame for several acks must end with a tag that was not settled before.
      const last = prefix.findLast(({ state }) => state === "acked");
      if (last !== undefined) this.#ack(last, true);
      if (behind.length > maxHeldBack) {
        for (const delivery of behind) this.#ack(delivery, false);
      }
    });
  }

  /** Writes a nack at once: the delivery goes back to its queue, or to the dead letters. */
  nack(delivery: RabbitmqDelivery, requeue: boolean): SettleFailure | undefined {
    return lostIfItThrows(() => {
      this.#channel.nack(delivery.native, false, requeue);
      this.#onWritten(delivery);
    });
  }

  /** How long to wait before closing the channel, in ms. Closing it drops acks in transit. */
  get transitTime(): number {
    return Math.min(LONGEST_TRANSIT, Math.max(0, this.#takenAt - Date.now()));
  }

  /** Forgets all deliveries, and writes nothing more. Returns those that were unsettled: they are finished now. */
  end(): readonly RabbitmqDelivery[] {
    clearTimeout(this.#timer);
    const unsettled = this.#deliveries.splice(0).filter(({ state }) => state === "unsettled");
    for (const delivery of unsettled) delivery.state = "finished";
    return unsettled;
  }

  #flushAll(): void {
    this.#timer = undefined;
    this.flush(0);
  }

  #ack(delivery: RabbitmqDelivery, allUpTo: boolean): void {
    this.#channel.ack(delivery.native, allUpTo);
    this.#onWritten(delivery);
  }

  #onWritten(delivery: RabbitmqDelivery): void {
    delivery.state = "finished";
    this.#takenAt = Math.max(this.#takenAt, Date.now()) + 1 / FRAMES_PER_MS;
  }
}

/** amqplib throws when the channel is closed. Then the server has given the delivery back. */
function lostIfItThrows(write: () => void): SettleFailure | undefined {
  try {
    write();
    return undefined;
  } catch (error) {
    return { error, lost: true };
  }
}
