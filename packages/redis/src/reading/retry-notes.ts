import { type RetryProgress, readCount, readTime } from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import { classify } from "../errors.ts";
import { keepNote } from "../scripts/keep-note.ts";
import type { RedisDelivery } from "../wire.ts";

/** How long notes are kept after the last one, in ms. Notes of messages that are gone otherwise would stay forever. */
const KEPT_FOR = 7 * 86_400_000;

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
      const progress = readNote(notes[index]?.toString() ?? "");
      if (progress !== undefined) delivery.progress = progress;
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

/** Undefined for what this driver does not write. */
function readNote(text: string): RetryProgress | undefined {
  const [first, second, ...others] = text.split(" ");
  const failures = readCount(first);
  const notBefore = readTime(second);
  const isNote = failures !== undefined && notBefore !== undefined && others.length === 0;
  return isNote ? { failures, notBefore } : undefined;
}

/** Streams of one source can have entries of the same id. */
function fieldOf({ streamIndex, native }: RedisDelivery): string {
  return `${streamIndex}/${native.id}`;
}
