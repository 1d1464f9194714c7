import { setTimeout as sleep } from "node:timers/promises";
import { sharePartitions } from "../scripts/share-partitions.ts";
import type { RedisDelivery } from "../wire.ts";
import { collect, type Place, placesOf } from "./collect.ts";
import type { Consumer } from "./consumer.ts";
import { LOOK_INTERVAL, type Reader } from "./reader.ts";

/** How long a consumer without anything to read waits before it looks again, in ms. */
const IDLE_WAIT = 100;

/**
 * Reads the partitions that the consumer owns. A partition has one owner, which renews its place at each interval. The
 * server hands over entries of a partition to its owner only.
 */
export class PartitionReader implements Reader {
  readonly #consumer: Consumer;
  readonly #streamsPerPartition: number;
  readonly #places: readonly Place[];
  readonly #sharing: NodeJS.Timeout;
  /** For each place the id up to which the group has read. */
  readonly #lastRead = new Map<number, string>();
  /** Places that may have more entries. */
  readonly #toRead = new Set<number>();
  #ownPartitions: readonly number[] = [];
  /** False while paused: then the consumer gives its partitions up. */
  #member = true;
  #lastLook = 0;

  private constructor(consumer: Consumer, streamsPerPartition: number) {
    this.#consumer = consumer;
    this.#streamsPerPartition = streamsPerPartition;
    this.#places = placesOf(consumer, streamsPerPartition);
    this.#sharing = setInterval(() => void this.#share().catch(() => {}), LOOK_INTERVAL);
    void consumer.blocking.lost.then(() => clearInterval(this.#sharing));
  }

  /** Makes a reader that owns its share of the partitions. The streams of a partition follow one another. */
  static async open(consumer: Consumer, streamsPerPartition: number): Promise<PartitionReader> {
    const reader = new PartitionReader(consumer, streamsPerPartition);
    await reader.#share();
    return reader;
  }

  async read(max: number): Promise<readonly RedisDelivery[]> {
    if (Date.now() - this.#lastLook >= LOOK_INTERVAL) {
      this.#lastLook = Date.now();
      for (const { index } of this.#ownPlaces()) this.#toRead.add(index);
    }
    if (this.#toRead.size === 0) await this.#waitForEntries();
    const indexes = [...this.#toRead];
    this.#toRead.clear();
    const places = indexes.map((index) => this.#places[index]).filter((place) => place !== undefined);
    const { deliveries, lastRead } = await collect(this.#consumer, places, max);
    for (const [at, { index }] of places.entries()) this.#lastRead.set(index, lastRead[at] ?? "");
    if (deliveries.length === max) {
      // The places that this read may not have reached come first at the next one.
      for (const index of [...indexes.slice(1), ...indexes.slice(0, 1)]) this.#toRead.add(index);
    }
    return deliveries;
  }

  async pause(): Promise<void> {
    this.#member = false;
    await this.#share();
  }

  async resume(): Promise<void> {
    this.#member = true;
    this.#lastLook = 0;
    await this.#share();
  }

  /** Waits for new entries without reading them: by now another consumer may own the partition. */
  async #waitForEntries(): Promise<void> {
    const { blocking } = this.#consumer;
    const known = this.#ownPlaces().filter(({ index }) => (this.#lastRead.get(index) ?? "") !== "");
    if (known.length === 0) return sleep(IDLE_WAIT);
    const streams = known.map(({ stream }) => stream);
    const ids = known.map(({ index }) => this.#lastRead.get(index) ?? "");
    const reply = await blocking.command("XREAD", "COUNT", 1, "BLOCK", LOOK_INTERVAL, "STREAMS", ...streams, ...ids);
    // The cast is true: Redis returns the streams that have entries, or null.
    for (const [key] of (reply ?? []) as readonly (readonly [Buffer, unknown])[]) {
      this.#toRead.add(this.#places.findIndex(({ stream }) => stream === String(key)));
    }
  }

  #ownPlaces(): readonly Place[] {
    return this.#places.filter(({ partition }) => partition !== undefined && this.#ownPartitions.includes(partition));
  }

  async #share(): Promise<void> {
    const { state, keys, streams, name } = this.#consumer;
    const { connection, context, consumers } = state;
    const { others, partitions } = await sharePartitions(connection, {
      group: streams[0].group,
      consumer: name,
      lease: context.lease,
      member: this.#member,
      streams: streams.map(({ stream }) => stream),
      streamsPerPartition: this.#streamsPerPartition,
      owners: keys.owners,
      members: keys.members,
      consumers,
    });
    consumers.checkSilent(others);
    this.#ownPartitions = partitions;
  }
}
