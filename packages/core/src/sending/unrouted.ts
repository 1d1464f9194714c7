import { events } from "../api/diagnostics.ts";
import type { OutgoingMessage } from "../contract/message.ts";
import type { Connection } from "../link/connection.ts";

/** The shortest time between two questions to the driver about one topic, in ms: a question costs the broker time. */
const ASK_INTERVAL = 1_000;
/** The shortest time between two log lines about one topic, in ms. */
const LOG_INTERVAL = 60_000;

/** Finds publishes to one topic that no subscription gets, by asking the driver about one message from time to time. */
export class UnroutedWatch {
  readonly #connection: Connection;
  readonly #topic: string;
  #askedAt = Number.NEGATIVE_INFINITY;
  #loggedAt = Number.NEGATIVE_INFINITY;

  constructor(connection: Connection, topic: string) {
    this.#connection = connection;
    this.#topic = topic;
  }

  /** Asks about one message of the batch if it is time to. Never about a delayed one: a subscription may come before it is due. */
  ask(batch: OutgoingMessage[]): void {
    const now = this.#connection.context.clock.now();
    if (now - this.#askedAt < ASK_INTERVAL) return;
    const index = batch.findIndex(({ deliverAt }) => deliverAt === undefined);
    const message = batch[index];
    if (message === undefined) return;
    this.#askedAt = now;
    batch[index] = { ...message, onUnrouted: () => this.#tell(message.id) };
  }

  #tell(id: string): void {
    const { log, context } = this.#connection;
    const topic = this.#topic;
    events.unrouted({ broker: log.broker, topic, id });
    const now = context.clock.now();
    if (now - this.#loggedAt < LOG_INTERVAL) return;
    this.#loggedAt = now;
    // No alarm: it is legitimate to publish before anyone subscribes.
    log.warn(`topic ${topic}: no subscription got message ${id} (said at most once a minute)`, { topic, id });
  }
}
