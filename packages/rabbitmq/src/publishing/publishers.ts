import type { Connection } from "../connection.ts";
import { Publisher } from "./publisher.ts";

/**
 * The confirm channels of a connection: one for each topic, since a missing exchange closes the channel it was published
 * on, and one for all queues.
 */
export class Publishers {
  readonly #connection: Connection;
  readonly #onMissing: (name: string) => void;
  readonly #open = new Map<string, Promise<Publisher>>();

  /** `onMissing` is called with the name of a queue or exchange that was not there to take a message. */
  constructor(connection: Connection, onMissing: (name: string) => void) {
    this.#connection = connection;
    this.#onMissing = onMissing;
  }

  /** What publishes to a topic, or for `""` to any queue. */
  to(topic: string): Promise<Publisher> {
    const known = this.#open.get(topic);
    if (known !== undefined) return known;
    const opening = this.#connection.model.createConfirmChannel().then(
      (channel) =>
        new Publisher(this.#connection, channel, {
          leave: () => this.#open.delete(topic),
          // At once, while the closed channel still has its number: amqplib may not have written all of it yet, and a
          // channel of the same number would be opened in the middle of it.
          closed: () => void this.to(topic).catch(() => {}),
          missing: this.#onMissing,
        }),
    );
    opening.catch(() => this.#open.delete(topic));
    this.#open.set(topic, opening);
    return opening;
  }

  /** A queue has gone: see {@link Publisher.replace}. */
  replaceForQueues(): void {
    this.#open.get("")?.then(
      (publisher) => publisher.replace(),
      () => {},
    );
  }
}
