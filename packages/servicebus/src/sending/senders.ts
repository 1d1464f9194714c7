import { orAborted } from "@anybroker/core/driver";
import type { ServiceBusMessageBatch, ServiceBusSender } from "@azure/service-bus";
import type { Connection } from "../connection.ts";
import type { AmqpMessage } from "../wire.ts";

/** The largest batch that the service takes, also where a lone message may be larger, in bytes. */
const LARGEST_BATCH = 1_048_576;

/** The senders of one connection, one for each entity. */
export class Senders {
  readonly #connection: Connection;
  readonly #senders = new Map<string, ServiceBusSender>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  to(path: string): ServiceBusSender {
    const known = this.#senders.get(path);
    if (known !== undefined) return known;
    const sender = this.#connection.client.createSender(path);
    this.#senders.set(path, sender);
    return sender;
  }

  /** An empty batch. Opens the link to the entity if it is not open, so it fails where sending would. */
  async newBatch(path: string, signal: AbortSignal): Promise<ServiceBusMessageBatch> {
    const sender = this.to(path);
    const stop = AbortSignal.any([signal, this.#connection.ended]);
    const batch = await orAborted(sender.createMessageBatch({ abortSignal: stop }), stop);
    if (batch.maxSizeInBytes <= LARGEST_BATCH) return batch;
    return orAborted(sender.createMessageBatch({ maxSizeInBytes: LARGEST_BATCH, abortSignal: stop }), stop);
  }

  /** Sends messages, all or none of which the service stores. */
  async send(path: string, messages: AmqpMessage | ServiceBusMessageBatch, signal: AbortSignal): Promise<void> {
    const { ended } = this.#connection;
    // AbortSignal.any would cost more than the rest of this driver's work for a message.
    const stop = new AbortController();
    const abort = (): void => stop.abort(signal.aborted ? signal.reason : ended.reason);
    if (signal.aborted || ended.aborted) abort();
    for (const either of [signal, ended]) either.addEventListener("abort", abort);
    try {
      await orAborted(this.to(path).sendMessages(messages, { abortSignal: stop.signal }), stop.signal);
    } finally {
      for (const either of [signal, ended]) either.removeEventListener("abort", abort);
    }
  }
}
