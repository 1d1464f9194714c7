import type * as core from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import type { Settings } from "../options.ts";
import { PARTITIONS, type SourceKeys, sourceKeys } from "../topology.ts";

/** How many partitions each queue has on the server. The first answer is kept for the life of the link. */
export class PartitionCounts {
  readonly #connection: Connection;
  readonly #settings: Settings;
  /** By the key of the queue's first stream. */
  readonly #counts = new Map<string, Promise<number>>();

  constructor(connection: Connection, settings: Settings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  /** The keys of a queue or subscription as it is on the server. Only an ordered queue can have partitions. */
  async keysOf(entity: core.SourceEntity): Promise<SourceKeys> {
    if (entity.kind === "subscription") return sourceKeys(this.#settings, entity);
    const { stream } = sourceKeys(this.#settings, entity).streams[0];
    let count = this.#counts.get(stream);
    if (count === undefined) {
      count = this.#ask(entity);
      this.#counts.set(stream, count);
      count.catch(() => this.#counts.delete(stream));
    }
    return sourceKeys(this.#settings, entity, await count);
  }

  /** The queue is about to be created with so many partitions. */
  assume(stream: string, count: number): void {
    this.#counts.set(stream, Promise.resolve(count));
  }

  /** The next question asks the server again. */
  forget(stream: string): void {
    this.#counts.delete(stream);
  }

  async #ask(queue: core.QueueEntity): Promise<number> {
    const [, second] = sourceKeys(this.#settings, queue, PARTITIONS).streams;
    return Number(await this.#connection.command("EXISTS", second?.stream ?? "")) === 1 ? PARTITIONS : 1;
  }
}
