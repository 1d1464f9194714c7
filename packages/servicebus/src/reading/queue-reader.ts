import { orAborted } from "@anybroker/core/driver";
import Long from "long";
import { isLockLost } from "../errors.ts";
import type { LinkState } from "../state/link-state.ts";
import type { ServicebusDelivery } from "../wire.ts";
import { lockEnd } from "./lock-time.ts";
import type { Reader, ReaderEvents } from "./reader.ts";
import { Receiver } from "./receiver.ts";

/** The most messages of one receiver: the SDK's buffer for them has 2 048 places. */
const MAX_CREDIT = 2_000;

/** How many messages are looked at for one that is ready. */
const PEEKED = 32;

/** How long a receiver may take to open again, in ms. */
const REOPEN_TIME = 10_000;

/** Receives from a queue or subscription without sessions. */
export class QueueReader implements Reader {
  readonly #link: LinkState;
  readonly #path: string;
  readonly #window: number;
  readonly #events: ReaderEvents;
  /** Those that receive now, and those that only settle what they have. */
  readonly #receivers = new Set<Receiver>();
  readonly #watch: NodeJS.Timeout;
  #state: "receiving" | "paused" | "stopped" = "paused";
  #arrived = false;

  constructor(link: LinkState, path: string, window: number, events: ReaderEvents) {
    this.#link = link;
    this.#path = path;
    this.#window = window;
    this.#events = events;
    this.#watch = setInterval(() => void this.#reopenIfStarved(), link.context.lease);
  }

  async start(signal: AbortSignal): Promise<void> {
    if (this.#state === "stopped") return;
    this.#state = "receiving";
    const opened: Promise<void>[] = [];
    for (let rest = this.#window; rest > 0; rest -= MAX_CREDIT) {
      const receiver: Receiver = new Receiver(this.#link, this.#path, this.#receiverEvents(), () =>
        this.#receivers.delete(receiver),
      );
      this.#receivers.add(receiver);
      opened.push(receiver.open(Math.min(rest, MAX_CREDIT)));
    }
    await orAborted(Promise.all(opened), signal);
  }

  async pause(signal: AbortSignal): Promise<void> {
    if (this.#state === "receiving") this.#state = "paused";
    await orAborted(Promise.all([...this.#receivers].map((receiver) => receiver.retire())), signal);
  }

  async extend(deliveries: readonly ServicebusDelivery[]): Promise<readonly (number | undefined)[]> {
    return Promise.all(deliveries.map((delivery) => this.#extendOne(delivery)));
  }

  async stop(): Promise<void> {
    this.#state = "stopped";
    clearInterval(this.#watch);
    await Promise.allSettled([...this.#receivers].map((receiver) => receiver.retire()));
  }

  async close(): Promise<void> {
    await this.stop();
    await Promise.allSettled([...this.#receivers].map((receiver) => receiver.close()));
  }

  #receiverEvents(): ReaderEvents {
    return {
      message: (delivery) => {
        this.#arrived = true;
        this.#events.message(delivery);
      },
      lost: this.#events.lost,
      ended: (reason) => this.#end(reason),
    };
  }

  async #extendOne(delivery: ServicebusDelivery): Promise<number | undefined> {
    if (delivery.state !== "held") return undefined;
    const { clock, lease } = this.#link.context;
    const asked = clock.now();
    try {
      const lockedUntil = await delivery.holder.receiver.renewMessageLock(delivery.locked);
      delivery.heldUntil = lockEnd(lease, asked, lockedUntil);
      return delivery.heldUntil;
    } catch (error) {
      if (isLockLost(error)) return undefined;
      throw error;
    }
  }

  /**
   * A link of the SDK may be silent although messages wait. So after a lease without any, while there are some, other links
   * take the place of those that are open. https://github.com/Azure/azure-sdk-for-js/issues/38988
   */
  async #reopenIfStarved(): Promise<void> {
    const isIdle = !this.#arrived && [...this.#receivers].every(({ held }) => held === 0);
    this.#arrived = false;
    if (this.#state !== "receiving" || !isIdle) return;
    try {
      const receiver = this.#link.connection.client.createReceiver(this.#path);
      const waiting = await receiver.peekMessages(PEEKED, { fromSequenceNumber: Long.ZERO });
      if (waiting.every(({ state }) => state !== "active") || this.#arrived) return;
      await Promise.all([...this.#receivers].map((open) => open.retire()));
      if (this.#state === "receiving") await this.start(AbortSignal.timeout(REOPEN_TIME));
    } catch (error) {
      this.#end(error);
    }
  }

  #end(reason: unknown): void {
    if (this.#state === "stopped") return;
    void this.stop();
    this.#events.ended(reason);
  }
}
