import { PromiseCache } from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import { Publisher } from "./publisher.ts";

/** The key of the publisher that all queues share. No topic has this name. */
const QUEUES = "";

/**
 * The publishers of a connection: one for each topic, because a missing exchange closes the channel, and one for all
 * queues.
 */
export class Publishers {
  readonly #connection: Connection;
  readonly #onMissing: (name: string) => void;
  readonly #publishers = new PromiseCache<string, Publisher>();

  /** `onMissing` is called with the name of a queue or exchange that was missing when a message was sent there. */
  constructor(connection: Connection, onMissing: (name: string) => void) {
    this.#connection = connection;
    this.#onMissing = onMissing;
  }

  toQueues(): Promise<Publisher> {
    return this.#get(QUEUES);
  }

  /** By the topic's logical name. */
  toTopic(topic: string): Promise<Publisher> {
    return this.#get(topic);
  }

  /** To call when a queue is missing: see {@link Publisher.replace}. */
  replaceForQueues(): void {
    this.#publishers.peek(QUEUES)?.then(
      (publisher) => publisher.replace(),
      () => {},
    );
  }

  #get(key: string): Promise<Publisher> {
    // Most calls find it, and need no closure.
    return this.#publishers.peek(key) ?? this.#publishers.get(key, () => this.#open(key));
  }

  async #open(key: string): Promise<Publisher> {
    const channel = await this.#connection.model.createConfirmChannel();
    return new Publisher(this.#connection, channel, {
      onRetired: () => this.#publishers.delete(key),
      onClosed: () => {
        // The new channel must be opened now, while the closed one still has its number: amqplib may still have frames
        // of the closed channel to write, and a channel of the same number would be opened in the middle of them.
        this.#get(key).catch(() => {});
      },
      onMissing: this.#onMissing,
    });
  }
}
