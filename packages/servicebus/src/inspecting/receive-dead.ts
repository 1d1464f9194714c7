import { orAborted, PushBuffer } from "@anybroker/core/driver";
import type { ServiceBusReceivedMessage, ServiceBusReceiver } from "@azure/service-bus";
import { isLockLost } from "../errors.ts";
import type { LinkState } from "../state/link-state.ts";
import { sequenceOf } from "../wire.ts";

/** The most messages that one receiver holds. */
const CREDIT = 2_000;

/** Waits of a second in which nothing came: another program holds what is still wanted. */
const MOST_WAITS = 2;

interface Received {
  readonly native: ServiceBusReceivedMessage;
  readonly receiver: ServiceBusReceiver;
}

/**
 * Receives dead letters until it has had each of those that are wanted, and removes these once `work` has resolved. The
 * others are given back at the end, because they would come again. Returns how many were removed.
 */
export async function receiveDead(
  link: LinkState,
  path: string,
  wanted: Set<string>,
  work: (native: ServiceBusReceivedMessage) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  const receivers = new DeadReceivers(link, path);
  const others: Received[] = [];
  let removed = 0;
  let waits = 0;
  receivers.add();
  try {
    while (wanted.size > 0 && waits < MOST_WAITS) {
      if (receivers.areFull) receivers.add();
      const some = await receivers.take(signal);
      signal.throwIfAborted();
      waits = some.length === 0 ? waits + 1 : 0;
      await Promise.all(
        some.map(async (received) => {
          if (!wanted.delete(sequenceOf(received.native))) return void others.push(received);
          if (await removeAfter(received, work, signal)) removed += 1;
        }),
      );
    }
    return removed;
  } finally {
    await giveBack(others);
    await receivers.close();
  }
}

/** Returns whether it was still there to be removed. If the work fails, the message goes back. */
async function removeAfter(
  { native, receiver }: Received,
  work: (native: ServiceBusReceivedMessage) => Promise<void>,
  signal: AbortSignal,
): Promise<boolean> {
  try {
    await work(native);
    await orAborted(receiver.completeMessage(native), signal);
    return true;
  } catch (error) {
    if (isLockLost(error)) return false;
    await giveBack([{ native, receiver }]);
    throw error;
  }
}

async function giveBack(held: readonly Received[]): Promise<void> {
  await Promise.allSettled(held.map(({ native, receiver }) => receiver.abandonMessage(native)));
}

/** As many receivers as it takes to hold all messages that came. */
class DeadReceivers {
  readonly #link: LinkState;
  readonly #path: string;
  readonly #buffer = new PushBuffer<Received>();
  readonly #open: { readonly receiver: ServiceBusReceiver; readonly subscription: { close(): Promise<void> } }[] = [];
  #received = 0;
  #error: unknown;

  constructor(link: LinkState, path: string) {
    this.#link = link;
    this.#path = path;
  }

  /** Whether the receivers hold, or have held, as many as they can. */
  get areFull(): boolean {
    return this.#received >= this.#open.length * CREDIT;
  }

  add(): void {
    const receiver = this.#link.connection.client.createReceiver(this.#path, {
      subQueueType: "deadLetter",
      skipParsingBodyAsJson: true,
      skipConvertingDate: true,
      maxAutoLockRenewalDurationInMs: 0,
    });
    const handlers = {
      // The SDK asks for another message when the promise resolves, and cannot hold more than it was first asked for.
      processMessage: (native: ServiceBusReceivedMessage) =>
        new Promise<void>(() => {
          this.#received += 1;
          this.#buffer.push({ native, receiver });
        }),
      processError: async ({ error }: { readonly error: unknown }) => {
        this.#error ??= error;
        this.#buffer.end();
      },
    };
    const subscription = receiver.subscribe(handlers, { maxConcurrentCalls: CREDIT, autoCompleteMessages: false });
    this.#open.push({ receiver, subscription });
  }

  async take(signal: AbortSignal): Promise<readonly Received[]> {
    const some = await this.#buffer.take(CREDIT, signal);
    if (some.length === 0 && this.#error !== undefined) throw this.#error;
    return some;
  }

  async close(): Promise<void> {
    await Promise.allSettled(
      this.#open.map(async ({ receiver, subscription }) => {
        await subscription.close();
        for (const { native } of this.#buffer.drain()) await receiver.abandonMessage(native);
        await receiver.close();
      }),
    );
  }
}
