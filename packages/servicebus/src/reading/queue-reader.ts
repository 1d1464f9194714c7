import { orAborted, unavailable } from "@anybroker/core/driver";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { isLockLost } from "../errors.ts";
import type { LinkState } from "../state/link-state.ts";
import { ServicebusDelivery } from "../wire.ts";
import { lockEnd } from "./lock-time.ts";
import type { Reader, ReaderEvents } from "./reader.ts";

/** The most messages of one receiver: the SDK's buffer for them has 2 048 places. */
const MAX_CREDIT = 2_000;

/** How the SDK is asked for messages. Bodies and dates stay as they are, and locks are renewed by the core. */
export const RECEIVER_OPTIONS = {
  receiveMode: "peekLock",
  skipParsingBodyAsJson: true,
  skipConvertingDate: true,
  maxAutoLockRenewalDurationInMs: 0,
} as const;

/** Receives from a queue or subscription without sessions. */
export class QueueReader implements Reader {
  readonly #link: LinkState;
  readonly #path: string;
  readonly #window: number;
  readonly #events: ReaderEvents;
  /** Those that receive now, and those that only settle what they have. */
  readonly #receivers = new Set<Receiver>();
  #stopped = false;

  constructor(link: LinkState, path: string, window: number, events: ReaderEvents) {
    this.#link = link;
    this.#path = path;
    this.#window = window;
    this.#events = events;
  }

  async start(signal: AbortSignal): Promise<void> {
    const opened: Promise<void>[] = [];
    for (let rest = this.#window; rest > 0; rest -= MAX_CREDIT) {
      const receiver = new Receiver(this.#link, this.#path, {
        ...this.#events,
        ended: (reason) => this.#end(reason),
      });
      this.#receivers.add(receiver);
      opened.push(receiver.open(Math.min(rest, MAX_CREDIT)));
    }
    await orAborted(Promise.all(opened), signal);
  }

  async pause(signal: AbortSignal): Promise<void> {
    await orAborted(Promise.all([...this.#receivers].map((receiver) => receiver.retire())), signal);
  }

  async extend(deliveries: readonly ServicebusDelivery[]): Promise<readonly (number | undefined)[]> {
    const { clock, lease } = this.#link.context;
    const asked = clock.now();
    return Promise.all(
      deliveries.map(async (delivery) => {
        if (delivery.state !== "held") return undefined;
        try {
          const lockedUntil = await delivery.holder.receiver.renewMessageLock(delivery.locked);
          delivery.heldUntil = lockEnd(lease, asked, lockedUntil);
          return delivery.heldUntil;
        } catch (error) {
          if (isLockLost(error)) return undefined;
          throw error;
        }
      }),
    );
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled([...this.#receivers].map((receiver) => receiver.retire()));
  }

  async close(): Promise<void> {
    this.#stopped = true;
    await Promise.allSettled([...this.#receivers].map((receiver) => receiver.close()));
  }

  #end(reason: unknown): void {
    if (this.#stopped) return;
    void this.stop();
    this.#events.ended(reason);
  }
}

/**
 * One receiver of the SDK. It cannot receive again after a pause: the SDK would grant all of its first credit once more, on
 * top of what is held. It still settles what it has.
 */
class Receiver {
  readonly #link: LinkState;
  readonly #events: ReaderEvents;
  readonly #receiver: ServiceBusReceiver;
  #subscription: { close(): Promise<void> } | undefined;
  #retired = false;
  #held = 0;

  constructor(link: LinkState, path: string, events: ReaderEvents) {
    this.#link = link;
    this.#events = events;
    this.#receiver = link.connection.client.createReceiver(path, { ...RECEIVER_OPTIONS });
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
      postInitialize: async () => opened.resolve(),
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
    const holder = { receiver: this.#receiver, session: undefined };
    this.#events.message(new ServicebusDelivery(native, holder, until, onFree));
  }

  #onEnd(reason: unknown): void {
    if (this.#retired) return;
    void this.retire().catch(() => {});
    this.#events.ended(reason);
  }
}
