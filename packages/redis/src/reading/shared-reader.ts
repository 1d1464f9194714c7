import { type RawEntry, RedisDelivery } from "../wire.ts";
import { collect, type Place, placesOf } from "./collect.ts";
import type { Consumer } from "./consumer.ts";
import { LOOK_INTERVAL, type Reader } from "./reader.ts";

/** Reads streams that competing consumers share. */
export class SharedReader implements Reader {
  readonly #consumer: Consumer;
  readonly #places: readonly Place[];
  /** The arguments of `XREADGROUP` that say what to read. */
  readonly #streamsAndIds: readonly string[];
  #lastLook = 0;

  constructor(consumer: Consumer) {
    this.#consumer = consumer;
    this.#places = placesOf(consumer);
    const { streams } = consumer;
    this.#streamsAndIds = [...streams.map(({ stream }) => stream), ...streams.map(() => ">")];
  }

  async read(max: number): Promise<readonly RedisDelivery[]> {
    if (Date.now() - this.#lastLook < LOOK_INTERVAL) return this.#readNew(max);
    this.#lastLook = Date.now();
    const { deliveries } = await collect(this.#consumer, this.#places, max);
    // There may be more to collect.
    if (deliveries.length >= max) this.#lastLook = 0;
    return deliveries.length > 0 ? deliveries : this.#readNew(max);
  }

  async pause(): Promise<void> {}

  async resume(): Promise<void> {
    this.#lastLook = 0;
  }

  async #readNew(max: number): Promise<readonly RedisDelivery[]> {
    const { state, streams, name, blocking } = this.#consumer;
    const leaseUntil = state.leases.endFromNow();
    // Redis applies the count to each stream.
    const count = Math.max(1, Math.floor(max / streams.length));
    const limits = ["COUNT", count, "BLOCK", LOOK_INTERVAL, "STREAMS", ...this.#streamsAndIds];
    const reply = await blocking.command("XREADGROUP", "GROUP", streams[0].group, name, ...limits);
    // The cast is true: Redis returns the streams that have entries, or null.
    const found = (reply ?? []) as readonly (readonly [Buffer, readonly RawEntry[]])[];
    return found.flatMap(([key, entries]) => {
      const index = streams.length === 1 ? 0 : streams.findIndex(({ stream }) => stream === String(key));
      const stream = streams[index];
      if (stream === undefined) return [];
      return entries.map((entry) => new RedisDelivery(entry, stream.stream, index, 0, leaseUntil));
    });
  }
}
