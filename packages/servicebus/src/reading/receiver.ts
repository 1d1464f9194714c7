import { unavailable } from "@anybroker/core/driver";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import type { LinkState } from "../state/link-state.ts";
import { type Holder, ServicebusDelivery } from "../wire.ts";
import { closeQuietly } from "./close-quietly.ts";
import { lockEnd } from "./lock-time.ts";
import type { ReaderEvents } from "./reader.ts";

/** How the SDK is asked for messages. Bodies and dates stay as they are, and locks are renewed by the core. */
export const RECEIVER_OPTIONS = {
  receiveMode: "peekLock",
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
  maxAutoLockRenewalDurationInMs: 0,
} as const;

/**
 * One receiver of the SDK. It cannot receive again after a pause: the SDK would grant all of its first credit once more, on
 * top of what is held. It still settles what it has.
 */
export class Receiver {
  readonly #link: LinkState;
  readonly #events: ReaderEvents;
  readonly #receiver: ServiceBusReceiver;
  readonly #holder: Holder;
  #subscription: { close(): Promise<void> } | undefined;
  readonly #onClosed: () => void;
  #retired = false;
  #held = 0;

  constructor(link: LinkState, path: string, events: ReaderEvents, onClosed: () => void) {
    this.#link = link;
    this.#events = events;
    this.#onClosed = onClosed;
    this.#receiver = link.connection.client.createReceiver(path, { ...RECEIVER_OPTIONS });
    this.#holder = { receiver: this.#receiver, session: undefined };
  }

  /** How many messages are not settled. */
  get held(): number {
    return this.#held;
  }

  /** Resolves when the link is open. */
  open(credit: number): Promise<void> {
    const opened = Promise.withResolvers<void>();
    let links = 0;
    const handlers = {
      // The SDK grants another message when this promise resolves.
      processMessage: (native: ServiceBusReceivedMessage) => new Promise<void>((free) => this.#onMessage(native, free)),
      processError: async ({ error }: { readonly error: unknown }) => {
        opened.reject(error);
        this.#onEnd(error);
      },
      // Both are called, but not part of the SDK's types. A second call of the first one means that the link has ended: the
      // SDK would open another one, with all of its credit once more.
      preInitialize: async () => {
        links += 1;
        if (links > 1) this.#onEnd(unavailable("the service has closed the link of a receiver"));
      },
      postInitialize: async () => {
        closeQuietly(this.#receiver);
        opened.resolve();
      },
    };
    this.#subscription = this.#receiver.subscribe(handlers, {
      maxConcurrentCalls: credit,
      autoCompleteMessages: false,
    });
    return opened.promise;
  }

  /** Receives nothing more, and closes when it holds nothing. */
  async retire(): Promise<void> {
    if (this.#retired) return;
    this.#retired = true;
    await this.#subscription?.close();
    if (this.#held === 0) await this.close();
  }

  async close(): Promise<void> {
    this.#retired = true;
    this.#onClosed();
    await this.#subscription?.close();
    await this.#receiver.close();
  }

  #onMessage(native: ServiceBusReceivedMessage, free: () => void): void {
    const { clock, lease } = this.#link.context;
    const until = lockEnd(lease, clock.now(), native.lockedUntilUtc);
    this.#held += 1;
    const onFree = (): void => {
      this.#held -= 1;
      free();
      if (this.#retired && this.#held === 0) void this.close().catch(() => {});
    };
    this.#events.message(new ServicebusDelivery(native, this.#holder, until, onFree));
  }

  #onEnd(reason: unknown): void {
    if (this.#retired) return;
    void this.retire().catch(() => {});
    this.#events.ended(reason);
  }
}
