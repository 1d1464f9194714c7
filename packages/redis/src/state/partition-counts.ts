import type * as core from "@anybroker/core/driver";
import { PromiseCache } from "@anybroker/core/driver";
import type { Connection } from "../connection.ts";
import type { Settings } from "../options.ts";
import { PARTITIONS, type SourceKeys, sourceKeys } from "../topology.ts";

/** How many partitions each queue has on the server. The first count is kept as long as the link. */
export class PartitionCounts {
  readonly #connection: Connection;
  readonly #settings: Settings;
  /** By the key of the queue's first stream. */
  readonly #counts = new PromiseCache<string, number>();

  constructor(connection: Connection, settings: Settings) {
    this.#connection = connection;
    this.#settings = settings;
  }

  /** The keys of a queue or subscription as it is on the server. Only an ordered queue can have partitions. */
  async keysOf(entity: core.SourceEntity): Promise<SourceKeys> {
    if (entity.kind === "subscription") return sourceKeys(this.#settings, entity);
    const { stream } = sourceKeys(this.#settings, entity).streams[0];
    const count = await this.#counts.get(stream, () => this.#ask(entity));
    return sourceKeys(this.#settings, entity, count);
  }

  /** The queue is about to be created with so many partitions. */
  async assume(stream: string, count: number): Promise<void> {
    this.#counts.delete(stream);
    await this.#counts.get(stream, async () => count);
  }

  /** The next call of `keysOf` asks the server again. */
  forget(stream: string): void {
    this.#counts.delete(stream);
  }

  async #ask(queue: core.QueueEntity): Promise<number> {
    const [, second] = sourceKeys(this.#settings, queue, PARTITIONS).streams;
    return Number(await this.#connection.command("EXISTS", second?.stream ?? "")) === 1 ? PARTITIONS : 1;
  }
}
