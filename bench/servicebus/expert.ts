import type { ServiceBusMessage, ServiceBusMessageBatch, ServiceBusReceivedMessage } from "@azure/service-bus";
import type { Body, Contender, Reader } from "../contender.ts";
import { uuid } from "../id.ts";
import { connect, createQueue, fail } from "./queue.ts";

/** How many messages are received for each handler that runs. */
const prefetchPerSlot = 5;
/** How many batches are on their way at once. */
const inFlight = 4;

interface Waiting {
  readonly message: ServiceBusMessage;
  readonly settled: (error?: unknown) => void;
}

/** The SDK takes bytes as they are. */
const messageOf = (body: Body): ServiceBusMessage => ({
  body: Buffer.from(JSON.stringify(body)),
  messageId: uuid(),
  contentType: "application/json",
});

/**
 * The SDK as an expert uses it: one connection for sending and one for receiving, messages that wait while batches are on
 * their way go together in the next one, and more messages are received than handlers run.
 */
export async function open(url: string, queue: string): Promise<Contender> {
  await createQueue(url, queue);
  const sending = await connect(url, queue);
  const receiving = await connect(url, queue);
  const sender = sending.createSender(queue);
  let waiting: Waiting[] = [];
  let running = 0;

  /** Sends a batch of what waits. Returns false if nothing does. */
  async function sendSome(): Promise<boolean> {
    const batch = await sender.createMessageBatch();
    const taken = take(batch, waiting);
    waiting = waiting.slice(taken.length);
    if (taken.length === 0) return false;
    try {
      await sender.sendMessages(batch);
      for (const { settled } of taken) settled();
    } catch (error) {
      for (const { settled } of taken) settled(error);
    }
    return true;
  }

  async function flush(): Promise<void> {
    running += 1;
    // Messages that are sent in the same turn of the event loop go together.
    await Promise.resolve();
    while (await sendSome());
    running -= 1;
  }

  const send = (body: Body): Promise<void> =>
    new Promise((resolve, reject) => {
      const settled = (error?: unknown): void => (error === undefined ? resolve() : reject(error));
      waiting.push({ message: messageOf(body), settled });
      if (running < inFlight) void flush();
    });

  return {
    send,
    sendBatch: (bodies) => Promise.all(bodies.map(send)),
    async consume(handler, concurrency): Promise<Reader> {
      const receiver = receiving.createReceiver(queue, {
        skipParsingBodyAsJson: true,
        skipConvertingDate: true,
        maxAutoLockRenewalDurationInMs: 0,
      });
      const slots = new Slots(concurrency);
      const settling = new Set<Promise<void>>();
      const processMessage = async (message: ServiceBusReceivedMessage): Promise<void> => {
        await slots.run(() => handler(JSON.parse(message.body.toString())));
        const settled = receiver.completeMessage(message);
        settling.add(settled);
        await settled;
        settling.delete(settled);
      };
      const subscription = receiver.subscribe(
        { processMessage, processError: fail },
        { maxConcurrentCalls: concurrency * prefetchPerSlot, autoCompleteMessages: false },
      );
      return {
        async close() {
          await subscription.close();
          await Promise.all(settling);
          await receiver.close();
        },
      };
    },
    async close() {
      await Promise.all([sending.close(), receiving.close()]);
    },
  };
}

/** The first messages that fit into a batch. */
function take(batch: ServiceBusMessageBatch, waiting: readonly Waiting[]): readonly Waiting[] {
  const end = waiting.findIndex(({ message }) => !batch.tryAddMessage(message));
  if (end === 0) throw new Error("the message is too large");
  return end === -1 ? waiting : waiting.slice(0, end);
}

/** Runs at most so many handlers at once. */
class Slots {
  readonly #waiting: (() => void)[] = [];
  #free: number;

  constructor(count: number) {
    this.#free = count;
  }

  async run(handle: () => Promise<void>): Promise<void> {
    if (this.#free > 0) this.#free -= 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    await handle();
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next();
  }
}
