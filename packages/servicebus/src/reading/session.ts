import type { ServiceBusReceivedMessage, ServiceBusSessionReceiver } from "@azure/service-bus";
import type { LinkState } from "../state/link-state.ts";
import { ServicebusDelivery } from "../wire.ts";
import { closeQuietly } from "./close-quietly.ts";
import { lockEnd } from "./lock-time.ts";

/** How long a session without a message is kept, in ms: another one may be waiting. */
const IDLE_TIME = 1_000;

interface SessionEvents {
  message(delivery: ServicebusDelivery): void;
  /** The service has given the session to another consumer. */
  lost(): void;
  /** The session had no message for a while, and is closed. */
  idle(): void;
}

/** A session that this consumer holds: the messages of one key. One lock covers all of them. */
export class Session {
  /** When its lock ends, in milliseconds since 1970. */
  until: number;
  readonly closed: Promise<void>;
  readonly #link: LinkState;
  readonly #receiver: ServiceBusSessionReceiver;
  readonly #credit: number;
  readonly #events: SessionEvents;
  readonly #held = new Set<ServicebusDelivery>();
  readonly #onClosed: () => void;
  #subscription: { close(): Promise<void> } | undefined;
  #idleTimer: NodeJS.Timeout | undefined;
  #renewing = false;
  #isClosed = false;

  constructor(link: LinkState, receiver: ServiceBusSessionReceiver, credit: number, events: SessionEvents) {
    const { clock, lease } = link.context;
    this.until = lockEnd(lease, clock.now(), receiver.sessionLockedUntilUtc);
    this.#link = link;
    this.#receiver = receiver;
    this.#credit = credit;
    this.#events = events;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.closed = promise;
    this.#onClosed = resolve;
  }

  start(): void {
    const handlers = {
      processMessage: (native: ServiceBusReceivedMessage) => new Promise<void>((free) => this.#onMessage(native, free)),
      processError: async () => {
        if (!this.#isClosed) this.#events.lost();
      },
    };
    const options = { maxConcurrentCalls: this.#credit, autoCompleteMessages: false };
    closeQuietly(this.#receiver);
    this.#subscription = this.#receiver.subscribe(handlers, options);
    this.#watchIdle();
  }

  get id(): string {
    return this.#receiver.sessionId;
  }

  held(): readonly ServicebusDelivery[] {
    return [...this.#held];
  }

  /** Renews the lock. Rejects when it is lost. */
  async renew(): Promise<void> {
    const { clock, lease } = this.#link.context;
    const asked = clock.now();
    this.#renewing = true;
    try {
      this.until = lockEnd(lease, asked, await this.#receiver.renewSessionLock());
    } finally {
      this.#renewing = false;
    }
  }

  /** Receives nothing more. Resolves when nothing is on its way any more. */
  async drain(): Promise<void> {
    clearTimeout(this.#idleTimer);
    await this.#subscription?.close();
  }

  /** Gives the session to the next consumer, with what is not settled. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#idleTimer);
    this.#onClosed();
    await this.#receiver.close();
  }

  #onMessage(native: ServiceBusReceivedMessage, free: () => void): void {
    const { clock, lease } = this.#link.context;
    clearTimeout(this.#idleTimer);
    const delivery: ServicebusDelivery = new ServicebusDelivery(
      native,
      { receiver: this.#receiver, session: this },
      0,
      () => {
        this.#held.delete(delivery);
        free();
        if (this.#held.size === 0) this.#watchIdle();
      },
    );
    this.#held.add(delivery);
    // Messages that are handled at once never need a renewal of theirs, but the session does.
    if (this.until - clock.now() < lease / 2 && !this.#renewing) void this.renew().catch(() => this.#events.lost());
    this.#events.message(delivery);
  }

  #watchIdle(): void {
    if (this.#isClosed) return;
    clearTimeout(this.#idleTimer);
    this.#idleTimer = setTimeout(() => void this.#endIfIdle(), IDLE_TIME);
  }

  async #endIfIdle(): Promise<void> {
    await this.drain().catch(() => {});
    // A message that was on its way: the session ends when it is settled.
    if (this.#held.size > 0 || this.#isClosed) return;
    this.#events.idle();
    await this.close().catch(() => {});
  }
}
