import type { RetryProgress } from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import { classify } from "../errors.ts";
import { keepNote } from "../scripts/keep-note.ts";
import type { RedisDelivery } from "../wire.ts";

/** How long notes are kept after the last one, in ms. Notes of messages that are gone otherwise would stay forever. */
const KEPT_FOR = 7 * 86_400_000;

const NOTE = /^(\d{1,9}) (\d{1,16})$/;

/** Notes of messages that are retried in place: a hash with a field for each, so that they outlive their consumer. */
export class RetryNotes {
  readonly #connection: Connection;
  readonly #key: string;
  /** Whether the account may not keep notes. Then an in-place retry begins anew after a crash. */
  #forbidden = false;

  constructor(connection: Connection, key: string) {
    this.#connection = connection;
    this.#key = key;
  }

  /** Reads the notes of deliveries that are not the first of their message. */
  async read(deliveries: readonly RedisDelivery[]): Promise<void> {
    const again = deliveries.filter((delivery) => delivery.deliveries > 0);
    if (again.length === 0 || this.#forbidden) return;
    const reply = await this.#connection
      .command("HMGET", this.#key, ...again.map(fieldOf))
      .catch(this.#unlessForbidden);
    // The cast is true: HMGET returns one value for each field.
    const notes = (reply ?? []) as readonly (Buffer | null)[];
    for (const [index, delivery] of again.entries()) {
      const match = NOTE.exec(notes[index]?.toString() ?? "");
      if (match !== null) delivery.progress = { failures: Number(match[1]), notBefore: Number(match[2]) };
    }
  }

  async write(delivery: RedisDelivery, progress: RetryProgress): Promise<void> {
    delivery.progress = progress;
    if (this.#forbidden) return;
    const value = `${progress.failures} ${Math.ceil(progress.notBefore)}`;
    const note = { hash: this.#key, field: fieldOf(delivery), value, keptFor: KEPT_FOR };
    await keepNote(this.#connection, note).catch(this.#unlessForbidden);
  }

  /** Removes the notes of deliveries that are settled. What fails is removed with all notes, when they expire. */
  remove(deliveries: readonly RedisDelivery[]): void {
    this.#connection.command("HDEL", this.#key, ...deliveries.map(fieldOf)).catch(() => {});
  }

  readonly #unlessForbidden = (error: unknown): undefined => {
    if (classify(error).code !== "FORBIDDEN") throw error;
    this.#forbidden = true;
    return undefined;
  };
}

/** Streams of one source can have entries of the same id. */
function fieldOf({ streamIndex, native }: RedisDelivery): string {
  return `${streamIndex}/${native.id}`;
}
