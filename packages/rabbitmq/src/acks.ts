import type { Channel } from "amqplib";
import type { RabbitmqDelivery } from "./wire.ts";

/** How long an ack may be held back, in milliseconds, for more to come. */
const HOLD = 20;

/** How many frames of settlements a quorum queue surely takes in a millisecond; measured: 10. */
const PACE = 4;

/** So many are on their way at once; the others wait in the channel, and are lost when it closes. */
const ON_THEIR_WAY = 32;

/** Enough to wait for: half a second. */
const MOST_WAITING = 2_000;

/**
 * Acknowledges in as few frames as it can: all before the first open delivery in one, and what is acked out of order is
 * held back, in the hope that the gap closes, until it is more than {@link Acks.most} or for {@link HOLD}.
 */
export class Acks {
  /** How many acks may be held back. */
  most = 0;
  readonly #channel: Channel;
  /** What the server counts as ours, in the order of its tags, and some that it does not any more. */
  #line: RabbitmqDelivery[] = [];
  #first = 0;
  #held = 0;
  #timer: NodeJS.Timeout | undefined;
  #waiting = 0;
  #since = 0;

  constructor(channel: Channel) {
    this.#channel = channel;
  }

  add(delivery: RabbitmqDelivery): void {
    this.#line.push(delivery);
  }

  /** Takes an ack; `flush` puts it on the wire. */
  ack(delivery: RabbitmqDelivery): void {
    delivery.state = "held";
    this.#held += 1;
  }

  /** Writes what is due. Throws what amqplib throws when the channel has gone, as does `flushAll`. */
  flush(): void {
    if (this.#held > 0) this.#ackPrefix();
    if (this.#held > this.most) this.flushAll();
    else if (this.#held > 0) this.#timer ??= setTimeout(() => this.#late(), HOLD);
  }

  /** Writes everything. */
  flushAll(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#ackPrefix();
    const held = this.#line.slice(this.#first).filter((delivery) => delivery.state === "held");
    for (const { native } of held) this.#channel.ack(native);
    this.#gone(held);
    this.#count(held.length);
  }

  /** Gives it back, or away; at once. */
  nack(delivery: RabbitmqDelivery, requeue: boolean): void {
    this.#channel.nack(delivery.native, false, requeue);
    delivery.state = "gone";
    this.#count(1);
  }

  /** In how many milliseconds the channel may be closed without losing what was written. */
  get pending(): number {
    this.#count(0);
    return this.#waiting > ON_THEIR_WAY ? Math.ceil(this.#waiting / PACE) : 0;
  }

  /** Forgets everything, and answers what was still open. */
  end(): readonly RabbitmqDelivery[] {
    clearTimeout(this.#timer);
    this.#held = 0;
    const open = this.#line.splice(0).filter((delivery) => delivery.state === "open");
    for (const delivery of open) delivery.state = "gone";
    return open;
  }

  #late(): void {
    try {
      this.flushAll();
    } catch {
      // The channel is closing, and its source says so.
    }
  }

  #ackPrefix(): void {
    let at = this.#first;
    while (at < this.#line.length && this.#line[at]?.state !== "open") at += 1;
    const settled = this.#line.slice(this.#first, at);
    // The last tag of a multiple ack must not have been settled before.
    const last = settled.findLast((delivery) => delivery.state === "held");
    if (last !== undefined) {
      this.#channel.ack(last.native, true);
      this.#count(1);
    }
    this.#gone(settled);
    this.#first = at;
    // Not at each ack, since it moves what stays.
    if (at * 2 < this.#line.length) return;
    this.#line = this.#line.slice(at);
    this.#first = 0;
  }

  #count(frames: number): void {
    const now = Date.now();
    const waiting = Math.max(0, this.#waiting - (now - this.#since) * PACE) + frames;
    this.#waiting = Math.min(waiting, MOST_WAITING);
    this.#since = now;
  }

  #gone(deliveries: readonly RabbitmqDelivery[]): void {
    for (const delivery of deliveries) {
      if (delivery.state === "held") this.#held -= 1;
      delivery.state = "gone";
    }
  }
}
