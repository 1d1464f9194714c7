import type { Connection } from "../connection.ts";
import { trimTopic } from "../scripts/trim-topic.ts";
import type { TopicKeys } from "../topology.ts";

/** How often a topic is trimmed at most, in ms, unless the last time left something to delete. */
const TRIM_INTERVAL = 1_000;
/** How many entries one call deletes at most. */
const TRIM_LIMIT = 10_000;

/** Deletes from topics what every subscription has handled and whose retention is over. */
export class TopicTrimmer {
  readonly #connection: Connection;
  /** When each topic was last trimmed, by the key of its stream. */
  readonly #lastTrimmed = new Map<string, number>();

  constructor(connection: Connection) {
    this.#connection = connection;
  }

  /** Trims the topic if it is time to. Does not wait for the server. */
  trim({ stream, retention }: TopicKeys): void {
    const now = Date.now();
    if (now - (this.#lastTrimmed.get(stream) ?? 0) < TRIM_INTERVAL) return;
    this.#lastTrimmed.set(stream, now);
    // A failed trim needs no handling: the next one deletes the same entries.
    trimTopic(this.#connection, { stream, retention, limit: TRIM_LIMIT }).then(
      (deleted) => {
        if (deleted >= TRIM_LIMIT) this.#lastTrimmed.delete(stream);
      },
      () => {},
    );
  }
}
